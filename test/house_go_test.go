package test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
)

// checkGo holds the budgets and the doc comments of one Go file.
func checkGo(s source) []finding {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, s.path, s.data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return []finding{{"file", s.path, "does not parse"}}
	}
	findings := checkDocs(s, file)
	if lines := strings.Count(strings.TrimRight(string(s.data), "\n"), "\n") + 1; lines > maxFile {
		findings = append(findings, finding{"file", s.path, fmt.Sprintf("%d lines, at most %d", lines, maxFile)})
	}
	name := "file scope"
	ast.Inspect(file, func(node ast.Node) bool {
		if named := nameOf(node); named != "" {
			name = named
		}
		where := s.path + ":" + name
		lines := 0
		var parameters *ast.FieldList
		switch node := node.(type) {
		case *ast.FuncDecl:
			parameters, lines = node.Type.Params, height(fset, node)
		case *ast.FuncLit:
			parameters, lines = node.Type.Params, height(fset, node)
		case *ast.StructType:
			if n := node.Fields.NumFields(); n > maxFields {
				findings = append(findings, finding{"fields", where, fmt.Sprintf("%d fields, at most %d", n, maxFields)})
			}
		}
		if lines > maxFunction && !isTest(s.path) {
			findings = append(findings, finding{"function", where, fmt.Sprintf("%d lines, at most %d", lines, maxFunction)})
		}
		if n := parameters.NumFields(); n > maxParameters {
			findings = append(findings, finding{"parameters", where, fmt.Sprintf("%d parameters, at most %d", n, maxParameters)})
		}
		return true
	})
	return findings
}

func height(fset *token.FileSet, node ast.Node) int {
	return fset.Position(node.End()).Line - fset.Position(node.Pos()).Line + 1
}

// nameOf is the name of a declaration, "" for every other node.
func nameOf(node ast.Node) string {
	switch node := node.(type) {
	case *ast.FuncDecl:
		if receiver := receiverOf(node); receiver != "" {
			return receiver + "." + node.Name.Name
		}
		return node.Name.Name
	case *ast.TypeSpec:
		return node.Name.Name
	}
	return ""
}

// receiverOf is the name of the type a method belongs to, "" for a function.
func receiverOf(decl *ast.FuncDecl) string {
	if decl.Recv == nil || len(decl.Recv.List) == 0 {
		return ""
	}
	expr := decl.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

// checkDocs wants a doc comment at every exported name whose first word is the name.
// A group of constants or variables may share one comment.
func checkDocs(s source, file *ast.File) []finding {
	if isTest(s.path) {
		return nil
	}
	var findings []finding
	want := func(name string, docs ...*ast.CommentGroup) {
		if !ast.IsExported(name) {
			return
		}
		for _, doc := range docs {
			if firstWord(doc) == name {
				return
			}
		}
		findings = append(findings, finding{"doc", s.path + ":" + name, "wants a doc comment whose first word is the name"})
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if receiver := receiverOf(decl); receiver == "" || ast.IsExported(receiver) {
				want(decl.Name.Name, decl.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					want(spec.Name.Name, spec.Doc, decl.Doc)
				case *ast.ValueSpec:
					if decl.Doc == nil && spec.Doc == nil && spec.Comment == nil {
						want(spec.Names[0].Name, nil)
					}
				}
			}
		}
	}
	return findings
}

func firstWord(doc *ast.CommentGroup) string {
	words := strings.Fields(doc.Text())
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// checkPackageDocs wants one file of every package to say what the package is.
func checkPackageDocs(sources []source) []finding {
	documented := map[string]bool{}
	for _, s := range sources {
		folder := path.Dir(s.path)
		file, err := parser.ParseFile(token.NewFileSet(), s.path, s.data, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil || strings.HasSuffix(file.Name.Name, "_test") {
			continue
		}
		text := file.Doc.Text()
		documented[folder] = documented[folder] ||
			strings.HasPrefix(text, "Package "+file.Name.Name+" ") ||
			file.Name.Name == "main" && strings.HasPrefix(text, "Command ")
	}
	var findings []finding
	for folder, ok := range documented {
		if !ok {
			findings = append(findings, finding{"package-doc", folder, `wants a comment that begins with "Package <name>" (or "Command <name>")`})
		}
	}
	return findings
}

// An arrow says what the code below some folders must not import; everything else is allowed.
type arrow struct {
	from    []string // folders, with everything below them
	except  []string // folders below those that the arrow does not hold for
	imports []string // import paths, with everything below them
	why     string
}

// tools are programs of the repository, not parts of the product.
var tools = []string{"test", "internal/tools", "internal/wire/gen"}

// arrows holds cmd → signaling → sfu → sanitizer → internal/wire, with turn apart. Tests are exempt:
// a test of turn needs a real ICE agent.
var arrows = []arrow{
	{[]string{"internal/wire"}, tools, []string{"vitrine"}, "the wire stands on nothing"},
	{[]string{"sanitizer"}, nil, []string{"vitrine/cmd", "vitrine/signaling", "vitrine/sfu", "vitrine/turn", "vitrine/web"}, "imports point towards internal/wire"},
	{[]string{"sfu"}, nil, []string{"vitrine/cmd", "vitrine/signaling", "vitrine/turn", "vitrine/web"}, "imports point towards internal/wire"},
	{[]string{"signaling"}, nil, []string{"vitrine/cmd", "vitrine/turn"}, "cmd wires turn to the rest"},
	{[]string{"turn"}, []string{"turn/check"}, []string{"vitrine/cmd", "vitrine/signaling", "vitrine/sfu", "vitrine/sanitizer", "vitrine/internal/wire", "vitrine/web"}, "turn stands apart"},
	{[]string{"turn/check"}, nil, []string{"vitrine/cmd", "vitrine/signaling", "vitrine/sfu", "vitrine/web"}, "a client knows the wire and nothing of the server"},
	{[]string{"internal"}, tools, []string{"vitrine/cmd", "vitrine/signaling", "vitrine/sfu", "vitrine/turn", "vitrine/web"}, "internal packages are below all others"},
	{[]string{"web"}, nil, []string{"vitrine"}, "web only embeds files"},
	{[]string{"."}, append([]string{"sfu", "turn/check"}, tools...), []string{"github.com/pion/webrtc"}, "only sfu and the client of turn check know WebRTC"},
	{[]string{"."}, append([]string{"turn"}, tools...), []string{"github.com/pion/turn"}, "only turn knows the TURN server"},
	{[]string{"."}, append([]string{"signaling"}, tools...), []string{"github.com/golang-jwt"}, "tokens stop in signaling"},
	{[]string{"."}, append([]string{"cmd"}, tools...), []string{"github.com/spf13"}, "only cmd has a command line"},
	{[]string{"sanitizer", "internal/wire"}, tools, []string{"time", "log", "os", "net", "context", "io/fs", "math/rand", "sync"}, "a pure core: no clock, log, goroutine or I/O"},
	{contentPath, tools, []string{"log", "encoding/json", "encoding/xml", "unsafe", "reflect"}, "page content must not be logged, nor leave its slabs"},
	{[]string{"."}, tools, []string{"github.com/pion/stun/v2"}, "its Dial would reach dtls v2 (CVE-2026-26014, SECURITY.md)"},
}

// checkImports holds the arrows for one Go file.
func checkImports(s source) []finding {
	if isTest(s.path) {
		return nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), s.path, s.data, parser.ImportsOnly)
	if err != nil {
		return []finding{{"import", s.path, "does not parse"}}
	}
	var findings []finding
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		for _, a := range arrows {
			if under(s.path, a.from) && !under(s.path, a.except) && under(imported, a.imports) {
				findings = append(findings, finding{"import", s.path, fmt.Sprintf("must not import %s: %s", imported, a.why)})
			}
		}
	}
	return findings
}

// under tells whether a path is one of the folders or lies below one; "." is everything.
func under(name string, folders []string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool {
		return folder == "." || name == folder || strings.HasPrefix(name, folder+"/")
	})
}
