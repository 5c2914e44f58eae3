package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// readers are the methods of wire.Reader whose argument is the most that is taken.
var readers = regexp.MustCompile(`^(Uint|Int|Bytes|Text|Count|longUint)$`)

// limits lifts every limit: each constant that is named as one wherever a package uses it, and each bound that a decoder
// gives to a reader.
func (t *tree) limits() {
	for _, p := range t.pkgs {
		uses, order := map[types.Object][]wrap{}, []types.Object(nil)
		where := map[types.Object]site{}
		for _, s := range p.files {
			for _, d := range s.file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok || f.Body == nil || slices.Contains(unread, s.name) || senders.MatchString(f.Name.Name) || p.folder == "sfu" && !gates.MatchString(s.name) {
					continue
				}
				at := site{pkg: p, file: s, function: f.Name.Name, rule: ruleOfPlace(s.name, f)}
				t.bounds(at, f)
				for _, u := range t.constants(p, f) {
					key := u.object
					if where[key].file != nil && where[key].file != s {
						// A mutant lies in one file: another file's use is a mutant of its own.
						t.lift(at, u)
						continue
					}
					if uses[key] == nil {
						order, where[key] = append(order, key), at
					}
					uses[key] = append(uses[key], u.wrap)
				}
			}
		}
		for _, o := range order {
			at := where[o]
			at.function = "limit"
			t.add(at, o.Name(), uses[o]...)
		}
	}
}

// use is one use of a limit.
type use struct {
	object types.Object
	wrap   wrap
}

func (t *tree) lift(at site, u use) { t.add(at, "limit "+u.object.Name(), u.wrap) }

// constants finds the uses of limits in a function.
func (t *tree) constants(p *pkg, f *ast.FuncDecl) (list []use) {
	ast.Inspect(f.Body, func(n ast.Node) bool {
		var id *ast.Ident
		expr, ok := n.(ast.Expr)
		switch x := n.(type) {
		case *ast.GenDecl:
			return x.Tok != token.CONST
		case *ast.ArrayType:
			return false
		case *ast.SelectorExpr:
			id = x.Sel
		case *ast.Ident:
			id = x
		}
		if id == nil || !ok {
			return true
		}
		o, isConst := p.info.Uses[id].(*types.Const)
		if !isConst || !limitName.MatchString(o.Name()) {
			return true
		}
		if w, fine := t.lifted(p, expr, o.Val()); fine {
			list = append(list, use{o, w})
		}
		return false
	})
	return list
}

// lifted is the wrap that lifts a constant expression.
func (t *tree) lifted(p *pkg, e ast.Expr, v constant.Value) (wrap, bool) {
	b, ok := p.info.Types[e].Type.Underlying().(*types.Basic)
	if !ok || b.Info()&types.IsNumeric == 0 {
		return wrap{}, false
	}
	name := b.Name()
	if b.Info()&types.IsUntyped != 0 {
		name = "int"
	}
	high := map[string]string{"uint8": "255", "byte": "255", "int8": "127", "uint16": "65535", "int16": "32767", "float64": "1e30"}[name]
	if high == "" {
		high = "1 << 30"
		if n, exact := constant.Int64Val(constant.ToInt(v)); exact && n >= 1<<30 {
			high = map[bool]string{true: "1<<31 - 1", false: "1 << 60"}[strings.HasSuffix(name, "32")]
		}
	}
	return t.around(e, fmt.Sprintf("mutantPick[%s](§, ", name), ", "+high+")"), true
}

// bounds lifts what a decoder gives to a reader as a number.
func (t *tree) bounds(at site, f *ast.FuncDecl) {
	receiver := ""
	if f.Recv != nil {
		receiver = strings.TrimPrefix(t.text(at.file, f.Recv.List[0].Type), "*") + "."
	}
	at.function = receiver + at.function
	ast.Inspect(f.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !readers.MatchString(sel.Sel.Name) || !strings.HasSuffix(types.TypeString(at.pkg.info.Types[sel.X].Type, nil), "wire.Reader") {
			return true
		}
		tv := at.pkg.info.Types[call.Args[0]]
		if id, isName := call.Args[0].(*ast.Ident); tv.Value == nil || isName && limitName.MatchString(id.Name) {
			return true
		}
		if w, fine := t.lifted(at.pkg, call.Args[0], tv.Value); fine {
			t.add(with(at, "row35-range"), "bound "+t.text(at.file, call), w)
		}
		return true
	})
}
