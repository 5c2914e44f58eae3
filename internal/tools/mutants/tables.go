package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

// extras are what the lists must not hold, by the variable that holds the list: each is put in behind the last entry. § in
// one stands for the number of entries and one more.
var extras = map[string][]string{
	"vocab.Elements": {
		elementExtra("HTML", "script"), elementExtra("HTML", "iframe"), elementExtra("HTML", "object"), elementExtra("HTML", "embed"),
		elementExtra("HTML", "link"), elementExtra("HTML", "meta"), elementExtra("HTML", "base"), elementExtra("HTML", "template"),
		elementExtra("HTML", "noscript"), elementExtra("HTML", "frame"), elementExtra("HTML", "portal"), elementExtra("HTML", "track"),
		elementExtra("HTML", "selectedcontent"), elementExtra("HTML", "datalist"), elementExtra("HTML", "plaintext"),
		elementExtra("SVG", "script"), elementExtra("SVG", "animate"), elementExtra("SVG", "set"), elementExtra("SVG", "feImage"),
		elementExtra("SVG", "feTurbulence"), elementExtra("MathML", "maction"), elementExtra("MathML", "annotation-xml"),
	},
	"vocab.Attributes": {
		attributeExtra("onclick", "OnAll"), attributeExtra("onbegin", "OnSVG"), attributeExtra("srcdoc", "OnHTML"),
		attributeExtra("src", "OnHTML"), attributeExtra("formaction", "OnHTML"), attributeExtra("action", "OnHTML"),
		attributeExtra("target", "OnHTML"), attributeExtra("ping", "OnHTML"), attributeExtra("download", "OnHTML"),
		attributeExtra("http-equiv", "OnHTML"), attributeExtra("is", "OnHTML"), attributeExtra("popovertarget", "OnHTML"),
		attributeExtra("command", "OnHTML"), attributeExtra("xlink:href", "OnSVG"), attributeExtra("xml:base", "OnSVG"),
		attributeExtra("attributeName", "OnSVG"), attributeExtra("autofocus", "OnHTML"), attributeExtra("autoplay", "OnHTML"),
		attributeExtra("shadowrootmode", "OnHTML"), attributeExtra("contenteditable", "OnHTML"),
	},
	"sanitizer.styleProperties": {`"behavior"`, `"-moz-binding"`, `"-webkit-user-modify"`, `"-ms-filter"`, `"-o-link"`},
	"sanitizer.cssFunctions": {functionExtra("expression"), functionExtra("image"), functionExtra("src"), functionExtra("paint"),
		functionExtra("element"), functionExtra("cross-fade"), functionExtra("-moz-element"), functionExtra("alpha")},
	"sanitizer.atRules":              {`atEntry{name: "import", kind: atMedia}`, `atEntry{name: "namespace", kind: atMedia}`, `atEntry{name: "document", kind: atMedia}`},
	"sanitizer.numberWords":          {`"url"`, `"expression"`},
	"sanitizer.richElements":         {`"script"`, `"img"`, `"iframe"`, `"style"`, `"form"`, `"svg"`},
	"sanitizer.shadowHosts":          {`"a"`, `"input"`, `"svg:svg"`},
	"sanitizer.ariaNames":            {`"onclick"`},
	"sanitizer.pseudoClasses":        {`pseudoEntry{"unknown-class", argNone, pseudoKeep}`},
	"sanitizer.pseudoClassFunctions": {`pseudoEntry{"unknown-function", argList, pseudoKeep}`},
	"sanitizer.pseudoElements":       {`pseudoEntry{"unknown-element", argNone, pseudoKeep}`},
	"sfu.pageRules":                  {`"my-own-text"`},
}

// keys are what the sets must not hold.
var keys = map[string][]string{
	"sanitizer.textInputs":  {"checkbox", "color", "range", "submit"},
	"sanitizer.valueInputs": {"checkbox", "radio", "button", "text"},
}

func elementExtra(space, name string) string {
	return fmt.Sprintf("Element{Code: #, Space: %s, Name: %q, Content: HTMLFlow, Why: \"a mutant\"}", space, name)
}

func functionExtra(name string) string {
	return fmt.Sprintf("functionEntry{%q, forValue, funcPlain}", name)
}

func attributeExtra(name, where string) string {
	return fmt.Sprintf("Attribute{Code: #, Name: %q, DOM: %q, Value: Attr, Where: %s, Why: \"a mutant\"}", name, name, where)
}

// shrinking are lists of what is forbidden: each entry is left out, put to what the last column says.
var shrinking = map[string]string{
	"sanitizer.hidden":        "",
	"sanitizer.reservedNames": `""`,
}

// rated are tables of numbers that bound a rate: each entry's numbers are lifted together.
var rated = map[string]string{"sfu.paceRates": "row49", "sfu.defaultRates": "row49"}

// tables looks at the variables of a declaration.
func (t *tree) tables(p *pkg, s *source, d *ast.GenDecl) {
	if d.Tok != token.VAR {
		return
	}
	for _, spec := range d.Specs {
		v := spec.(*ast.ValueSpec)
		for i, n := range v.Names {
			if i < len(v.Values) {
				t.table(site{pkg: p, file: s, function: n.Name, rule: ruleOfPlace(s.name, nil)}, v.Values[i])
			}
		}
	}
}

// table looks at one variable.
func (t *tree) table(at site, value ast.Expr) {
	name := at.pkg.name + "." + at.function
	if call, ok := value.(*ast.CallExpr); ok && len(call.Args) == 1 {
		value = call.Args[0]
	}
	lit, ok := value.(*ast.CompositeLit)
	if !ok {
		return
	}
	for _, e := range extras[name] {
		e = strings.ReplaceAll(e, "#", fmt.Sprint(len(lit.Elts)+1))
		t.add(at, "with "+e, t.around(lit, "mutantAdd(§, ", ", "+e+")"))
	}
	for _, k := range keys[name] {
		t.add(with(at, "row41-typing"), "with "+k, t.around(lit, "mutantPut(§, ", fmt.Sprintf(", %q, true)", k)))
	}
	if other, found := shrinking[name]; found {
		for _, e := range lit.Elts {
			t.without(at, lit, e, other)
		}
	}
	if rule, found := rated[name]; found {
		for _, e := range lit.Elts {
			t.rate(with(at, rule), e)
		}
	}
	if t.text(at.file, lit.Type) == "valueRules" {
		t.valueRules(at, lit)
	}
}

// without leaves an entry out.
func (t *tree) without(at site, lit *ast.CompositeLit, e ast.Expr, other string) {
	what := "without " + t.text(at.file, e)
	inner, ok := e.(*ast.CompositeLit)
	if !ok {
		t.add(at, what, t.around(e, "mutantPick(§, ", ", "+other+")"))
		return
	}
	kind := t.text(at.file, lit.Type.(*ast.ArrayType).Elt)
	if inner.Type != nil {
		kind = ""
	}
	t.add(at, what, t.around(e, "mutantPick(§, "+kind, ", "+t.text(at.file, lit.Type.(*ast.ArrayType).Elt)+"{})"))
}

// rate lifts the numbers of an entry.
func (t *tree) rate(at site, e ast.Expr) {
	var wraps []wrap
	ast.Inspect(e, func(n ast.Node) bool {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			ast.Inspect(kv.Value, func(n ast.Node) bool { return n != nil })
		}
		lit, ok := n.(*ast.BasicLit)
		if ok && (lit.Kind == token.INT || lit.Kind == token.FLOAT) {
			typ := "int"
			if strings.Contains(t.text(at.file, e), "rate-") {
				typ = "float64"
			}
			wraps = append(wraps, t.around(lit, "mutantPick["+typ+"](§, ", ", 1 << 24)"))
		}
		return true
	})
	if len(wraps) > 0 {
		t.add(at, "without the bounds of "+t.text(at.file, e), wraps...)
	}
}

// valueRules lets a kind of CSS value hold everything of one sort.
func (t *tree) valueRules(at site, lit *ast.CompositeLit) {
	all := map[string]string{"allow": "1<<32 - 1", "functions": "255", "delims": "255", "urls": "255"}
	kinds := map[string]string{"allow": "uint32"}
	// What no token of the run could use changes nothing.
	for field, token := range map[string]string{"functions": "tokFunction", "delims": "tokDelim", "urls": "tokURL"} {
		text := t.text(at.file, lit)
		if without, _, _ := strings.Cut(text, "&^"); !strings.Contains(without, "kindsValue") && !strings.Contains(without, token) ||
			strings.Contains(text, "&^") && strings.Contains(text, token) {
			delete(all, field)
		}
	}
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		field := t.text(at.file, kv.Key)
		everything := strings.Contains(t.text(at.file, kv.Value), "urlAsset | urlFragment")
		if most, known := all[field]; known && !everything {
			t.add(at, "any "+field, t.around(kv.Value, "mutantPick["+cmp.Or(kinds[field], "uint8")+"](§, ", ", "+most+")"))
		}
		delete(all, field)
	}
	for _, field := range []string{"functions", "delims", "urls"} {
		if most, missing := all[field]; missing && len(lit.Elts) > 0 {
			last := lit.Elts[len(lit.Elts)-1]
			t.add(at, "any "+field, t.around(last, "", fmt.Sprintf(", %s: mutantPick[uint8](§, 0, %s)", field, most)))
		}
	}
}
