// Command gen writes the codec of package wire: frames_gen.go, web/wire/frames.ts and the tables of docs/PROTOCOL.md.
// It runs in internal/wire (go generate). With -check it writes nothing and fails when a file is stale.
package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// kind is how a field is coded.
type kind int

const (
	kUint kind = iota
	kInt
	kBool
	kAsset
	kHash
	kString
	kBytes
	kList
	kHashes
)

// field is one field of a frame or of a struct within one.
type field struct {
	Name, Doc, GoType string
	Kind              kind
	Max               uint64
	UTF8, Text        bool
	Item              *record // of a list
}

// record is a struct that is part of frames.
type record struct {
	Name, Doc string
	Fields    []field
}

// frame is a record that travels on its own.
type frame struct {
	record
	Number     int
	Directions []string // "c>s" and so on
	Channel    string
}

// constant is one value of a named type.
type constant struct {
	Name  string
	Value uint64
}

// model is everything that the generator knows.
type model struct {
	Frames  []*frame
	Records map[string]*record
	Named   map[string]string // type name to underlying type
	Consts  map[string][]constant
}

func load() (*model, error) {
	m := &model{Records: map[string]*record{}, Named: map[string]string{}, Consts: map[string][]constant{}}
	fset := token.NewFileSet()
	for _, name := range []string{"types.go", "dom.go", "frames_ctl.go", "frames_page.go", "frames_input.go"} {
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			switch g.Tok {
			case token.CONST:
				m.consts(g)
			case token.TYPE:
				if err := m.types(g); err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
			}
		}
	}
	slices.SortFunc(m.Frames, func(a, b *frame) int { return a.Number - b.Number })
	for i := 1; i < len(m.Frames); i++ {
		if m.Frames[i].Number == m.Frames[i-1].Number {
			return nil, fmt.Errorf("frame number %d is used twice", m.Frames[i].Number)
		}
	}
	return m, nil
}

// consts reads an iota block of a named type, or plain numbers.
func (m *model) consts(g *ast.GenDecl) {
	typ, shift := "", false
	for i, s := range g.Specs {
		v := s.(*ast.ValueSpec)
		if len(v.Values) > 0 {
			text := exprText(v.Values[0])
			switch {
			case v.Type != nil:
				typ, shift = exprText(v.Type), strings.Contains(text, "<<")
			case !strings.Contains(text, "iota"):
				if n, err := eval(v.Values[0]); err == nil {
					m.Consts[""] = append(m.Consts[""], constant{v.Names[0].Name, n})
				}
				continue
			}
		}
		n := uint64(i)
		if shift {
			n = 1 << i
		}
		m.Consts[typ] = append(m.Consts[typ], constant{v.Names[0].Name, n})
	}
}

func eval(e ast.Expr) (uint64, error) {
	switch x := e.(type) {
	case *ast.BasicLit:
		return strconv.ParseUint(strings.ReplaceAll(x.Value, "_", ""), 0, 64)
	case *ast.BinaryExpr:
		a, err := eval(x.X)
		if err != nil {
			return 0, err
		}
		b, err := eval(x.Y)
		if err != nil {
			return 0, err
		}
		switch x.Op {
		case token.SHL:
			return a << b, nil
		case token.SUB:
			return a - b, nil
		}
	}
	return 0, fmt.Errorf("not a constant")
}

func (m *model) types(g *ast.GenDecl) error {
	for _, s := range g.Specs {
		t := s.(*ast.TypeSpec)
		st, ok := t.Type.(*ast.StructType)
		if !ok {
			m.Named[t.Name.Name] = exprText(t.Type)
			continue
		}
		doc := g.Doc
		if t.Doc != nil {
			doc = t.Doc
		}
		r := &record{Name: t.Name.Name, Doc: strings.TrimSpace(doc.Text())}
		for _, f := range st.Fields.List {
			for _, n := range f.Names {
				fd, err := m.field(n.Name, f)
				if err != nil {
					return fmt.Errorf("%s.%s: %w", t.Name.Name, n.Name, err)
				}
				r.Fields = append(r.Fields, fd)
			}
		}
		m.Records[r.Name] = r
		if fr, err := directive(doc, r); err != nil {
			return err
		} else if fr != nil {
			m.Frames = append(m.Frames, fr)
		}
	}
	return nil
}

// directive reads "//wire:7 c>s,a>s ctl".
func directive(doc *ast.CommentGroup, r *record) (*frame, error) {
	for _, c := range doc.List {
		rest, ok := strings.CutPrefix(c.Text, "//wire:")
		if !ok {
			continue
		}
		p := strings.Fields(rest)
		n, err := strconv.Atoi(p[0])
		if err != nil || len(p) != 3 {
			return nil, fmt.Errorf("bad directive on %s", r.Name)
		}
		return &frame{record: *r, Number: n, Directions: strings.Split(p[1], ","), Channel: p[2]}, nil
	}
	return nil, nil
}

func (m *model) field(name string, f *ast.Field) (field, error) {
	fd := field{Name: name, GoType: exprText(f.Type), Doc: strings.TrimSpace(f.Comment.Text())}
	if f.Tag != nil {
		tag, _ := strconv.Unquote(f.Tag.Value)
		for _, p := range strings.Split(reflect.StructTag(tag).Get("wire"), ",") {
			if v, ok := strings.CutPrefix(p, "max="); ok {
				fd.Max, _ = strconv.ParseUint(v, 10, 64)
			}
			fd.UTF8 = fd.UTF8 || p == "utf8"
			fd.Text = fd.Text || p == "text"
		}
	}
	under := fd.GoType
	if u, ok := m.Named[under]; ok {
		under = u
	}
	item, isList := strings.CutPrefix(fd.GoType, "[]")
	switch {
	case fd.GoType == "AssetID":
		fd.Kind = kAsset
	case fd.GoType == "Hash":
		fd.Kind = kHash
	case fd.GoType == "[]Hash":
		fd.Kind = kHashes
	case under == "bool":
		fd.Kind = kBool
	case under == "string":
		fd.Kind = kString
	case under == "[]byte":
		fd.Kind = kBytes
	case isList && m.Records[item] != nil:
		fd.Kind, fd.Item = kList, m.Records[item]
	case under == "int32":
		fd.Kind = kInt
	case under == "uint8" || under == "uint32":
		fd.Kind = kUint
		if c := m.Consts[fd.GoType]; fd.Max == 0 && c != nil {
			fd.Max = c[len(c)-1].Value
			if strings.HasPrefix(c[1].Name, "Scope") {
				fd.Max = 2*fd.Max - 1
			}
		}
		if fd.Max == 0 {
			fd.Max = 1<<31 - 1
		}
	default:
		return fd, fmt.Errorf("type %s cannot travel", fd.GoType)
	}
	if fd.Max == 0 && (fd.Kind == kString || fd.Kind == kBytes || fd.Kind == kList || fd.Kind == kHashes || fd.Kind == kInt) {
		return fd, fmt.Errorf("needs a max")
	}
	return fd, nil
}

func exprText(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.ArrayType:
		if x.Len != nil {
			return "[" + exprText(x.Len) + "]" + exprText(x.Elt)
		}
		return "[]" + exprText(x.Elt)
	case *ast.BasicLit:
		return x.Value
	case *ast.BinaryExpr:
		return exprText(x.X) + " " + x.Op.String() + " " + exprText(x.Y)
	}
	return "?"
}
