package test

import (
	"database/sql"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	_ "modernc.org/sqlite"

	"vitrine/internal/store"
)

// secretOfPeople is what a field for a person's password would be called.
var secretOfPeople = regexp.MustCompile(`(?i)pass(word|wd|phrase|code)|pwd|bcrypt|argon|scrypt|pbkdf`)

// Agents sign in with their company's provider, so there is no place for a password: no column of the store, no member of the
// API, no key of the configuration, no field of a type, no input of the console.
func TestG16_NoPasswordHasAPlace(t *testing.T) {
	for what, names := range map[string][]string{
		"column": columns(t), "member of the API": yamlKeys(t, "../docs/openapi.yaml"),
		"key of the configuration": yamlKeys(t, "../docs/vitrine.example.yaml"), "field": fields(t),
	} {
		if len(names) < 15 {
			t.Fatalf("only %d found of kind %s: %v", len(names), what, names)
		}
		for _, name := range names {
			if secretOfPeople.MatchString(name) {
				t.Errorf("%s %s", what, name)
			}
		}
	}
	sources, err := filepath.Glob("../web/console/*.tsx")
	if err != nil || len(sources) < 5 {
		t.Fatalf("%d sources of the console, %v", len(sources), err)
	}
	for _, name := range sources {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if secretOfPeople.Match(data) {
			t.Errorf("%s asks for a password", name)
		}
	}
}

// columns are those of a store that a server has used.
func columns(t *testing.T) (names []string) {
	t.Helper()
	e := Start(t, Options{})
	openSession(t, e)
	if err := e.Stop(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(e.Data, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type IN ('table', 'view')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return names
}

// yamlKeys are the keys of a file at any depth.
func yamlKeys(t *testing.T, name string) (keys []string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for i, child := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 0 {
				keys = append(keys, child.Value)
			}
			walk(child)
		}
	}
	walk(&root)
	return keys
}

// fields are those of all types of the packages that keep or take anything, with their tags.
func fields(t *testing.T) (names []string) {
	t.Helper()
	for _, folder := range []string{"signaling", "cmd/vitrine", "internal/store", "internal/audit"} {
		files, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", folder, len(files), err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if f, ok := n.(*ast.Field); ok {
					for _, id := range f.Names {
						names = append(names, folder+" "+id.Name)
					}
					if f.Tag != nil {
						names = append(names, folder+" "+f.Tag.Value)
					}
				}
				return true
			})
		}
	}
	return names
}

// What owners load into their pages keeps nothing but in memory and sessionStorage.
func TestG14_CustomersCodeSetsNoCookie(t *testing.T) {
	files, err := filepath.Glob("../web/dist/sdk/*.*js")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d files, %v: run make build", len(files), err)
	}
	stores := regexp.MustCompile(`\bcookie(Store)?\b|\blocalStorage\b|\bindexedDB\b|\bcaches\.open\b|\bserviceWorker\b`)
	session := false
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := stores.Find(data); found != nil {
			t.Errorf("%s uses %s", filepath.Base(name), found)
		}
		session = session || strings.Contains(string(data), "sessionStorage")
	}
	if !session {
		t.Error("not even sessionStorage is used: these are not the SDK's files")
	}
}
