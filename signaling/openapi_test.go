package signaling

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The description and the routes are the same list. Files and redirects are not part of the API.
func TestOpenAPIHasEveryRoute(t *testing.T) {
	data, err := os.ReadFile("../docs/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI string                          `yaml:"openapi"`
		Paths   map[string]map[string]yaml.Node `yaml:"paths"`
	}
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	var described, real []string
	for path, methods := range doc.Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	e := newEnv(t, nil)
	for _, rt := range e.api.routes() {
		if !strings.HasSuffix(rt.pattern, "*") && rt.family == familyAPI && !slices.Contains([]string{"/", "/console", "/check", "/player", "/demo", "/docs", "/favicon.ico"}, rt.pattern) {
			real = append(real, rt.method+" "+rt.pattern)
		}
	}
	slices.Sort(described)
	slices.Sort(real)
	if !slices.Equal(described, real) || doc.OpenAPI != "3.1.0" {
		t.Errorf("described:\n%s\nreal:\n%s", strings.Join(described, "\n"), strings.Join(real, "\n"))
	}
}
