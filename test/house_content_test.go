package test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"
)

// contentPath are the packages that hold page content. It lives there in byte slices that can be wiped;
// a Go string cannot, and what is printed cannot be taken back.
var contentPath = []string{"sfu", "sanitizer", "internal/wire"}

// checkContent type-checks the packages of the content path and looks at what they do with bytes.
func checkContent(t *testing.T) []finding {
	t.Helper()
	packages := map[string][]source{}
	for _, s := range readTree(t) {
		if strings.HasSuffix(s.path, ".go") && under(s.path, contentPath) && !under(s.path, tools) && !isTest(s.path) {
			folder := path.Dir(s.path)
			packages[folder] = append(packages[folder], s)
		}
	}
	if len(packages) == 0 {
		t.Fatal("no package on the content path: the rule would hold for nothing")
	}
	var patterns []string
	for folder := range packages {
		patterns = append(patterns, "./"+folder)
	}
	imports := exportData(t, patterns...)
	var findings []finding
	for folder, sources := range packages {
		findings = append(findings, checkPackage(t, imports, folder, sources)...)
	}
	return findings
}

// exportData gives the types of everything that some packages import, from the compiler's cache.
func exportData(t *testing.T, patterns ...string) types.ImporterFrom {
	t.Helper()
	args := append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}, patterns...)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -export: %v\n%s", err, stderr.Bytes())
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[name] = file
	}
	lookup := func(name string) (io.ReadCloser, error) { return os.Open(files[name]) }
	return importer.ForCompiler(token.NewFileSet(), "gc", lookup).(types.ImporterFrom)
}

// checkPackage looks at every call of one package.
func checkPackage(t *testing.T, imports types.Importer, folder string, sources []source) []finding {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, s := range sources {
		file, err := parser.ParseFile(fset, s.path, s.data, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
	if _, err := (&types.Config{Importer: imports}).Check("vitrine/"+folder, fset, files, info); err != nil {
		t.Fatal(err)
	}
	var findings []finding
	for i, file := range files {
		if generated(sources[i]) {
			continue // its string fields are declared by hand, in what it is generated from
		}
		name := "file scope"
		var above []ast.Node
		ast.Inspect(file, func(node ast.Node) bool {
			if node == nil {
				above = above[:len(above)-1]
				return true
			}
			if named := nameOf(node); named != "" {
				name = named
			}
			if call, ok := node.(*ast.CallExpr); ok {
				if text := contentLeak(info, call, above); text != "" {
					where := sources[i].path + ":" + name
					findings = append(findings, finding{"content", where, fmt.Sprintf("line %d: %s", fset.Position(call.Pos()).Line, text)})
				}
			}
			above = append(above, node)
			return true
		})
	}
	return findings
}

// contentLeak says what is wrong with a call on the content path, "" if nothing is.
func contentLeak(info *types.Info, call *ast.CallExpr, above []ast.Node) string {
	if info.Types[call.Fun].IsType() {
		if len(call.Args) == 1 && isString(info.TypeOf(call)) && isBytes(info.TypeOf(call.Args[0])) && !borrowed(call, above) {
			return "makes a string of bytes"
		}
		return ""
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	object := info.Uses[selector.Sel]
	if object == nil || object.Pkg() == nil {
		return ""
	}
	if object.Pkg().Path() == "fmt" {
		if strings.Contains(object.Name(), "rint") && !strings.HasPrefix(object.Name(), "S") {
			return "prints"
		}
		for _, arg := range call.Args {
			if isBytes(info.TypeOf(arg)) {
				return "formats bytes"
			}
		}
	}
	if object.Pkg().Path() == "bytes" && object.Name() == "String" {
		return "makes a string of a buffer"
	}
	return ""
}

// borrowed tells the three places where the compiler compares the bytes in place and makes no string:
// an operand of a comparison, the tag of a switch, and the key of a lookup in a map.
func borrowed(call *ast.CallExpr, above []ast.Node) bool {
	switch parent := above[len(above)-1].(type) {
	case *ast.BinaryExpr:
		return parent.Op != token.ADD
	case *ast.SwitchStmt:
		return parent.Tag == call
	case *ast.IndexExpr:
		if assign, ok := above[len(above)-2].(*ast.AssignStmt); ok {
			for _, left := range assign.Lhs {
				if left == parent {
					return false // the map would keep the key
				}
			}
		}
		return parent.Index == call
	}
	return false
}

func isString(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsString != 0
}

func isBytes(t types.Type) bool {
	slice, ok := t.Underlying().(*types.Slice)
	if !ok {
		return false
	}
	basic, ok := slice.Elem().Underlying().(*types.Basic)
	return ok && (basic.Kind() == types.Byte || basic.Kind() == types.Rune)
}
