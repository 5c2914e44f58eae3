package test

import (
	"fmt"
	"strings"
	"testing"
)

// The rules are tested by code that breaks each of them once: a rule that finds nothing anywhere is no rule.

func TestHouseFindsGo(t *testing.T) {
	long := strings.Repeat("\t_ = 0\n", maxFunction)
	cases := []struct{ rule, where, code string }{
		{"function", "sfu/x.go:f", "package sfu\nfunc f() {\n" + long + "}\n"},
		{"function", "sfu/x.go:T.f", "package sfu\nfunc (t *T) f() {\n" + long + "}\n"},
		{"function", "sfu/x.go:file scope", "package sfu\nvar g = func() {\n" + long + "}\n"},
		{"parameters", "sfu/x.go:f", "package sfu\nfunc f(a, b, c int, d, e, f string) {}\n"},
		{"fields", "sfu/x.go:s", "package sfu\ntype s struct { a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p int }\n"},
		{"file", "sfu/x.go", "package sfu\n" + strings.Repeat("// a line\n", maxFile)},
		{"doc", "sfu/x.go:Open", "package sfu\nfunc Open() {}\n"},
		{"doc", "sfu/x.go:Open", "package sfu\n// Opens it.\nfunc Open() {}\n"},
		{"doc", "sfu/x.go:Close", "package sfu\n// T is it.\ntype T int\nfunc (T) Close() {}\n"},
		{"doc", "sfu/x.go:Limit", "package sfu\nconst Limit = 1\n"},
	}
	for _, c := range cases {
		wantOne(t, checkGo(source{"sfu/x.go", []byte(c.code)}), c.rule, c.where)
	}
	wantNone(t, checkGo(source{"sfu/x_test.go", []byte("package sfu\nfunc TestLong() {\n" + long + "}\n")}))
	wantNone(t, checkGo(source{"sfu/x.go", []byte("package sfu\n// Open opens it.\nfunc Open(a, b, c, d, e int) {}\n// Kinds.\nconst (\n\tA = iota\n\tB\n)\n")}))
}

func TestHouseFindsImports(t *testing.T) {
	cases := []struct{ path, imported string }{
		{"internal/wire/x.go", "vitrine/sanitizer"},
		{"internal/wire/x.go", "time"},
		{"sanitizer/x.go", "vitrine/sfu"},
		{"sanitizer/x.go", "net/http"},
		{"sanitizer/x.go", "log/slog"},
		{"sfu/x.go", "vitrine/signaling"},
		{"sfu/x.go", "encoding/json"},
		{"signaling/x.go", "github.com/pion/webrtc/v4"},
		{"signaling/x.go", "vitrine/turn"},
		{"turn/x.go", "vitrine/sfu"},
		{"turn/x.go", "github.com/pion/stun/v2"},
		{"sfu/x.go", "github.com/golang-jwt/jwt/v5"},
		{"internal/audit/x.go", "vitrine/signaling"},
	}
	for _, c := range cases {
		code := fmt.Sprintf("package x\nimport _ %q\n", c.imported)
		if got := checkImports(source{c.path, []byte(code)}); len(got) == 0 {
			t.Errorf("%s importing %s was not found", c.path, c.imported)
		}
	}
	for _, c := range []struct{ path, imported string }{
		{"cmd/vitrine/x.go", "vitrine/turn"},
		{"signaling/x.go", "vitrine/sfu"},
		{"sanitizer/x.go", "vitrine/internal/wire"},
		{"internal/wire/gen/x.go", "vitrine/sanitizer"},
		{"turn/x_test.go", "github.com/pion/webrtc/v4"},
		{"sanitizer/x.go", "slices"},
	} {
		wantNone(t, checkImports(source{c.path, fmt.Appendf(nil, "package x\nimport _ %q\n", c.imported)}))
	}
}

func TestHouseFindsPackagesWithoutDoc(t *testing.T) {
	wantOne(t, checkPackageDocs([]source{{"sfu/x.go", []byte("// Sessions.\npackage sfu\n")}}), "package-doc", "sfu")
	wantNone(t, checkPackageDocs([]source{{"sfu/x.go", []byte("package sfu\n")}, {"sfu/doc.go", []byte("// Package sfu is it.\npackage sfu\n")}}))
}

func TestHouseFindsContent(t *testing.T) {
	imports := exportData(t, "fmt", "bytes", "errors")
	check := func(body string) []finding {
		code := "package sfu\nimport (\"bytes\"; \"errors\"; \"fmt\")\nvar _ = fmt.Sprint\nvar _ bytes.Buffer\nvar _ = errors.New\n" +
			"type slab []byte\nfunc f(b []byte, s slab, m map[string]int, p *bytes.Buffer) any {\n" + body + "\nreturn nil }\n"
		return checkPackage(t, imports, "sfu", []source{{"sfu/x.go", []byte(code)}})
	}
	for _, body := range []string{
		"return string(b)",
		"return string(s[1:])",
		"m[string(b)] = 1",
		"return []string{string(b)}",
		"return \"a\" + string(b)",
		"return fmt.Errorf(\"refused %q\", b)",
		"return errors.New(string(b))",
		"fmt.Println(1)",
		"return p.String()",
	} {
		wantOne(t, check(body), "content", "sfu/x.go:f")
	}
	for _, body := range []string{
		"if string(b) == \"x\" { return 1 }",
		"switch string(b) { case \"x\": return 1 }",
		"return m[string(b)]",
		"return fmt.Errorf(\"refused at node %d\", 7)",
		"type rule string\nreturn string(rule(\"x\"))",
	} {
		wantNone(t, check(body))
	}
}

func TestHouseFindsTypeScript(t *testing.T) {
	long := strings.Repeat("  void 0;\n", maxFunction)
	fields := strings.Repeat("  a: 1;\n", maxFields+1)
	cases := []struct{ rule, path, name, code string }{
		{"ts-function", "web/sdk/a.ts", ":f", "function f() {\n" + long + "}\n"},
		{"ts-function", "web/sdk/b.tsx", ":View", "const View = () => {\n" + long + "return <p/>;\n};\n"},
		{"ts-function", "web/sdk/c.ts", ":go", "class C { go() {\n" + long + "} }\n"},
		{"ts-parameters", "web/sdk/d.ts", ":f", "function f(a, b, c, d, e, f) {}\n"},
		{"ts-fields", "web/sdk/e.ts", ":I", "interface I {\n" + fields + "}\n"},
		{"ts-fields", "web/sdk/f.ts", ":T", "type T = {\n" + fields + "};\n"},
		{"ts-file", "web/sdk/g.ts", "", strings.Repeat("// a line\n", maxFile+1)},
		{"ts-import", "web/sdk/h.ts", "", "import { a } from '../viewer/main';\n"},
		{"ts-import", "web/viewer/i.ts", "", "import type { a } from '../sdk/main.js';\n"},
		{"ts-import", "web/sdk/j.ts", "", "export { a } from 'rrweb';\n"},
		{"ts-import", "web/viewer/k.ts", "", "import { a } from 'preact';\n"},
	}
	sources := []source{
		{"web/sdk/x.test.ts", []byte("function f() {\n" + long + "}\n")},
		{"web/console/x.tsx", []byte("import { a } from 'preact/hooks';\nimport { b } from '../viewer/main';\nfunction f(a, b, c, d, e) {}\n")},
	}
	for _, c := range cases {
		sources = append(sources, source{c.path, []byte(c.code)})
	}
	found := map[string][]finding{}
	for _, f := range checkTypeScript(t, sources) {
		file, _, _ := strings.Cut(f.where, ":")
		found[file] = append(found[file], f)
	}
	for _, c := range cases {
		wantOne(t, found[c.path], c.rule, c.path+c.name)
		delete(found, c.path)
	}
	for _, rest := range found {
		wantNone(t, rest)
	}
}

func TestHouseFindsText(t *testing.T) {
	for _, folder := range []string{"home", "root", "work", "Users"} {
		wantOne(t, checkText(source{"README.md", []byte("see /" + folder + "/someone/x\n")}), "machine-path", "README.md")
	}
	wantOne(t, checkText(source{"web/package-lock.json", []byte(`"resolved": "https://` + `example.org/x.tgz"`)}), "lock-address", "web/package-lock.json")
	wantNone(t, checkText(source{"README.md", []byte("https://example.org/home/page and /usr/bin/x\n")}))
}

func TestHouseKnowsGenerated(t *testing.T) {
	for path, want := range map[string]bool{"a/x_gen.go": true, "web/wire/frames.ts": true, "a/x.go": false} {
		if got := generated(source{path, []byte("package a\n")}); got != want {
			t.Errorf("generated(%s) = %v", path, got)
		}
	}
	if !generated(source{"a/y.go", []byte("// Code generated by gen. DO NOT EDIT.\n\npackage a\n")}) {
		t.Error("the header of generated code is not known")
	}
}

func wantOne(t *testing.T, got []finding, rule, where string) {
	t.Helper()
	if len(got) != 1 || got[0].rule != rule || got[0].where != where {
		t.Errorf("want one finding of rule %q at %s, got %v", rule, where, got)
	}
}

func wantNone(t *testing.T, got []finding) {
	t.Helper()
	if len(got) != 0 {
		t.Errorf("want no finding, got %v", got)
	}
}
