package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// measured is what web/house.mjs tells about one TypeScript file.
type measured struct {
	Path      string
	Lines     int
	Functions []struct {
		Name                    string
		Line, Lines, Parameters int
	}
	Types []struct {
		Name         string
		Line, Fields int
	}
	Imports []string
}

// webArrows says what the folders below web/ must not import. Only the console has a dependency.
var webArrows = []arrow{
	{[]string{"web/wire", "web/sdk", "web/viewer"}, nil, []string{"web/console", "preact"}, "imports point towards web/wire"},
	{[]string{"web/wire"}, nil, []string{"web/sdk", "web/viewer"}, "imports point towards web/wire"},
	{[]string{"web/sdk"}, nil, []string{"web/viewer"}, "the customer's page loads nothing of the agent's"},
	{[]string{"web/viewer", "web/console"}, nil, []string{"web/sdk"}, "the agent's page loads nothing of the customer's"},
}

// checkTypeScript holds the budgets and the import arrows for TypeScript files.
func checkTypeScript(t *testing.T, sources []source) []finding {
	t.Helper()
	var findings []finding
	add := func(rule, where, text string, args ...any) {
		findings = append(findings, finding{rule, where, fmt.Sprintf(text, args...)})
	}
	for _, m := range measure(t, sources) {
		if m.Lines > maxFile {
			add("ts-file", m.Path, "%d lines, at most %d", m.Lines, maxFile)
		}
		for _, f := range m.Functions {
			if f.Lines > maxFunction && !isTest(m.Path) {
				add("ts-function", m.Path+":"+f.Name, "line %d: %d lines, at most %d", f.Line, f.Lines, maxFunction)
			}
			if f.Parameters > maxParameters {
				add("ts-parameters", m.Path+":"+f.Name, "line %d: %d parameters, at most %d", f.Line, f.Parameters, maxParameters)
			}
		}
		for _, d := range m.Types {
			if d.Fields > maxFields {
				add("ts-fields", m.Path+":"+d.Name, "line %d: %d fields, at most %d", d.Line, d.Fields, maxFields)
			}
		}
		for _, imported := range m.Imports {
			if why := importRefused(m.Path, imported); why != "" {
				add("ts-import", m.Path, "must not import %s: %s", imported, why)
			}
		}
	}
	return findings
}

// importRefused says why a file below web/ may not import something, "" if it may.
func importRefused(file, imported string) string {
	if isTest(file) || !under(file, []string{"web/wire", "web/sdk", "web/viewer", "web/console"}) {
		return ""
	}
	if strings.HasPrefix(imported, ".") {
		imported = path.Join(path.Dir(file), imported)
	} else if !under(imported, []string{"preact"}) {
		return "the browser code has no dependency but the console's preact"
	}
	for _, a := range webArrows {
		if under(file, a.from) && under(imported, a.imports) {
			return a.why
		}
	}
	return ""
}

// measure runs web/house.mjs, which has the TypeScript parser.
func measure(t *testing.T, sources []source) []measured {
	t.Helper()
	type input struct {
		Path   string `json:"path"`
		Source string `json:"source"`
	}
	inputs := []input{}
	for _, s := range sources {
		inputs = append(inputs, input{s.path, string(s.data)})
	}
	stdin, err := json.Marshal(inputs)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", filepath.Join(root, "web", "house.mjs"))
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("web/house.mjs: %v (are the npm packages there? make build installs them)\n%s", err, stderr.Bytes())
	}
	var out []measured
	if err := json.Unmarshal(stdout, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
