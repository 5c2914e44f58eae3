package main

import (
	"go/ast"
	"regexp"
	"strings"
)

// rows are the threat rows of code that names none, by the start of a file's name and, where that says more, the start of
// a function's.
var rows = []struct{ file, function, rule string }{
	{"internal/wire/message", "", "row38"},
	{"internal/wire/", "", "row35"},
	{"sanitizer/vocab/attributes", "", "row02"},
	{"sanitizer/vocab/", "", "row01"},
	{"sanitizer/asset_font", "", "row31"},
	{"sanitizer/asset", "", "row29"},
	{"sanitizer/svgimage", "", "row29"},
	{"sanitizer/store", "", "row37"},
	{"sanitizer/css_address", "", "row19"},
	{"sanitizer/css_atrule", "", "row19"},
	{"sanitizer/css_decl", "cursor", "row25"},
	{"sanitizer/css_decl", "", "row26"},
	{"sanitizer/css_names", "", "row19"},
	{"sanitizer/css_number", "", "row30"},
	{"sanitizer/css_parser", "", "row24"},
	{"sanitizer/css_properties", "", "row21"},
	{"sanitizer/css_pseudo", "", "row20"},
	{"sanitizer/css_selector", "", "row20"},
	{"sanitizer/css_sheet", "", "row23"},
	{"sanitizer/css_value", "", "row19"},
	{"sanitizer/css", "", "row19"},
	{"sanitizer/input", "", "row42"},
	{"sanitizer/page_strings", "", "row32"},
	{"sanitizer/page", "", "row33"},
	{"sanitizer/policy", "", "row32"},
	{"sanitizer/rich", "", "row47"},
	{"sanitizer/secrets", "", "row34"},
	{"sanitizer/snapshot", "", "row32"},
	{"sanitizer/tables", "", "row11"},
	{"sanitizer/text", "", "row27"},
	{"sanitizer/urltext", "", "row03"},
	{"sanitizer/check", "", "row33"},
	{"sfu/input", "", "row45"},
	{"sfu/consent", "", "row45"},
	{"sfu/customer", "", "row36"},
	{"sfu/intake", "", "row49"},
	{"sfu/people", "", "row36"},
	{"sfu/", "", "row37"},
}

// rowInComment finds the threat row that a comment names.
var rowInComment = regexp.MustCompile(`threat rows? (\d+)`)

// ruleOfPlace is the row of a function: the one that its comment names, or that of its file.
func ruleOfPlace(file string, d *ast.FuncDecl) string {
	name := ""
	if d != nil {
		name = d.Name.Name
		if m := rowInComment.FindStringSubmatch(d.Doc.Text()); m != nil {
			return "row" + strings.Repeat("0", 2-len(m[1])) + m[1]
		}
	}
	for _, r := range rows {
		if strings.HasPrefix(file, r.file) && strings.HasPrefix(name, r.function) {
			return r.rule
		}
	}
	return "row??"
}

// ruleOfText is the rule that a quoted string names: those of policy, consent and rates belong to rows 45 and 49.
func ruleOfText(quoted string) string {
	text := strings.Trim(quoted, `"`)
	switch {
	case strings.HasPrefix(text, "row"):
		return text
	case strings.HasPrefix(text, "rate"):
		return "row49 " + text
	}
	return "row45 " + text
}
