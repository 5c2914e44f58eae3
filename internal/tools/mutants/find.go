package main

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// site is where a mutant is made.
type site struct {
	pkg      *pkg
	file     *source
	function string
	rule     string
	result   string // type of the last result, as it is spelled
	results  int
}

// forbidding are the predicates that say no when they are true.
var forbidding = regexp.MustCompile(`^(secret|closed|control|deceives|isFile|readonly|forbidden|flagged)$`)

// answers are calls by which a rule is enforced.
var answers = regexp.MustCompile(`^(refuse|strike|turnAway|lost|garbled|fail|Fail|resync|undecodable|lose)$`)

// outcomes are the errors by which package sfu says no.
var outcomes = regexp.MustCompile(`^Err[A-Z]`)

// flags are what a node, a page or an asset remembers when a rule has spoken.
var flags = regexp.MustCompile(`^(flag[A-Z]|masked$|gone$|full$)`)

// find makes the mutants of all packages.
func find(t *tree) {
	for _, p := range t.pkgs {
		for _, s := range p.files {
			if slices.Contains(unread, s.name) || p.folder == "sfu" && !gates.MatchString(s.name) {
				continue
			}
			for _, d := range s.file.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Body != nil && !senders.MatchString(d.Name.Name) {
						t.function(p, s, d)
					}
				case *ast.GenDecl:
					t.tables(p, s, d)
				}
			}
		}
	}
	t.limits()
}

// function looks through one function.
func (t *tree) function(p *pkg, s *source, d *ast.FuncDecl) {
	at := site{pkg: p, file: s, function: d.Name.Name}
	if r := d.Type.Results; r != nil && len(r.List) > 0 {
		last := r.List[len(r.List)-1]
		at.result, at.results = t.text(s, last.Type), r.NumFields()
		for _, n := range last.Names {
			at.result += " " + n.Name // "string rule"
		}
	}
	at.rule = ruleOfPlace(s.name, d)
	ast.Inspect(d.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return p.folder == "sfu" // elsewhere closures are data
		case *ast.IfStmt:
			if rule, ok := t.enforces(at, n.Body.List, n.Cond); ok {
				t.condition(with(at, rule), n.Cond)
			}
		case *ast.SwitchStmt:
			t.switched(at, n)
		case *ast.TypeSwitchStmt:
			t.unknown(at, n.Body)
		case *ast.ReturnStmt:
			t.returned(at, n)
		case *ast.AssignStmt:
			t.assigned(at, n)
		}
		return true
	})
	if n := len(d.Body.List); n > 0 && p.folder != "sfu" {
		t.otherwise(at, d.Body.List[n-1:])
	}
}

func with(at site, rule string) site {
	if rule != "" {
		at.rule = rule
	}
	return at
}

func (t *tree) text(s *source, n ast.Node) string {
	return string(s.text[t.offset(n.Pos()):t.offset(n.End())])
}

func (t *tree) offset(p token.Pos) int { return t.fset.Position(p).Offset }

// around is a wrap of a node.
func (t *tree) around(n ast.Node, before, behind string) wrap {
	return wrap{t.offset(n.Pos()), t.offset(n.End()), before, behind}
}

// operands are the parts of a chain of one operator.
func operands(e ast.Expr, op token.Token) []ast.Expr {
	switch x := e.(type) {
	case *ast.ParenExpr:
		return operands(x.X, op)
	case *ast.BinaryExpr:
		if x.Op == op {
			return append(operands(x.X, op), operands(x.Y, op)...)
		}
	}
	return []ast.Expr{e}
}

// passes says whether an operand only hands on what was decided before.
func passes(e ast.Expr) bool {
	if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.NEQ {
		x, isName := b.X.(*ast.Ident)
		return isName && (x.Name == "err" || x.Name == "r")
	}
	if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.NOT {
		e = u.X
	}
	id, ok := e.(*ast.Ident)
	return ok && (id.Name == "ok" || id.Name == "true" || id.Name == "false")
}

// condition makes each alternative of a condition never hold.
func (t *tree) condition(at site, cond ast.Expr) {
	for _, e := range operands(cond, token.LOR) {
		if strings.Contains(at.rule, "-") || !passes(e) {
			t.add(at, "never "+t.text(at.file, e), t.around(e, "((", ") && !mutantOn(§))"))
		}
	}
}

// switched looks at the cases of a switch without a tag, and at the default of any.
func (t *tree) switched(at site, n *ast.SwitchStmt) {
	if n.Tag == nil {
		for _, c := range n.Body.List {
			clause := c.(*ast.CaseClause)
			for _, cond := range clause.List {
				if rule, ok := t.enforces(at, clause.Body, cond); ok {
					t.condition(with(at, rule), cond)
				}
			}
		}
	}
	t.unknown(at, n.Body)
}

// unknown looks at the default of a switch.
func (t *tree) unknown(at site, body *ast.BlockStmt) {
	for _, c := range body.List {
		if clause := c.(*ast.CaseClause); clause.List == nil {
			t.otherwise(at, clause.Body)
		}
	}
}

// otherwise lets through what stands at the end of a function, or in the default of a switch, to be refused.
func (t *tree) otherwise(at site, body []ast.Stmt) {
	for _, st := range body {
		switch st := st.(type) {
		case *ast.ExprStmt:
			if rule, ok := t.answer(at, st.X); ok {
				t.add(with(at, rule), "without "+t.text(at.file, st), t.around(st, "if !mutantOn(§) { ", " }"))
			}
		case *ast.ReturnStmt:
			if len(st.Results) == 0 {
				continue
			}
			last := st.Results[len(st.Results)-1]
			rule, ok := t.answer(at, last)
			what := "allowed in the end: " + t.text(at.file, st)
			switch {
			case strings.HasPrefix(at.result, "bool") && at.results == 1 && t.text(at.file, last) == "false" && !forbidding.MatchString(at.function):
				t.add(at, what, t.around(last, "(mutantOn(§) || ", ")"))
			case ok && strings.HasPrefix(at.result, "bool"):
				t.add(with(at, rule), what, t.around(last, "(mutantOn(§) || ", ")"))
			case ok && strings.HasPrefix(at.result, "string"):
				t.add(with(at, rule), what, t.around(last, "mutantPick(§, ", `, "")`))
			case ok && strings.HasPrefix(at.result, "*Refusal"):
				t.add(with(at, rule), what, t.around(last, "mutantPick(§, ", ", nil)"))
			}
		}
	}
}

// returned makes each part of a chain that must hold, hold; and, for predicates that say no, each part of one that may
// hold, not hold.
func (t *tree) returned(at site, n *ast.ReturnStmt) {
	if len(n.Results) == 0 || len(n.Results) < at.results || !strings.HasPrefix(at.result, "bool") || at.pkg.folder == "sfu" {
		return
	}
	last := n.Results[len(n.Results)-1]
	if forbidding.MatchString(at.function) {
		for _, e := range operands(last, token.LOR) {
			if !passes(e) {
				t.add(at, "never "+t.text(at.file, e), t.around(e, "((", ") && !mutantOn(§))"))
			}
		}
		return
	}
	if parts := operands(last, token.LOR); len(parts) == 2 {
		if rule, ok := t.answer(at, parts[1]); ok {
			t.add(with(at, rule), "always "+t.text(at.file, parts[0]), t.around(parts[0], "((", ") || mutantOn(§))"))
			return
		}
	}
	t.always(at, last)
}

// helpers are predicates that decide nothing by themselves: what calls them does.
var helpers = regexp.MustCompile(`^(lower|digit|urlSlash|startsWith|sameName|has|inPage|isString|full|startsIdent|startsNumber|validEscape|room|Empty|is[A-Z]\w*|present|same\w*)$`)

// always makes each part of a chain that must hold, hold.
func (t *tree) always(at site, e ast.Expr) {
	if helpers.MatchString(at.function) {
		return
	}
	for _, part := range operands(e, token.LAND) {
		switch part.(type) {
		case *ast.BinaryExpr, *ast.UnaryExpr, *ast.CallExpr, *ast.IndexExpr:
			if _, refuses := t.answer(at, part); !passes(part) && !refuses {
				t.add(at, "always "+t.text(at.file, part), t.around(part, "((", ") || mutantOn(§))"))
			}
		}
	}
}

// assigned looks at what is remembered of a decision.
func (t *tree) assigned(at site, n *ast.AssignStmt) {
	if len(n.Lhs) != 1 || len(n.Rhs) != 1 || at.pkg.folder == "sfu" {
		return
	}
	name := ""
	switch x := n.Lhs[0].(type) {
	case *ast.Ident:
		name = x.Name
	case *ast.SelectorExpr:
		name = x.Sel.Name
	}
	mark := ""
	if id, ok := n.Rhs[0].(*ast.Ident); ok && flags.MatchString(id.Name) {
		mark = id.Name
	}
	switch {
	case n.Tok == token.OR_ASSIGN && mark != "", n.Tok == token.ASSIGN && flags.MatchString(name) && t.text(at.file, n.Rhs[0]) == "true":
		t.add(at, "without "+t.text(at.file, n), t.around(n, "if !mutantOn(§) { ", " }"))
	case n.Tok == token.ASSIGN && strings.HasPrefix(name, "bad"):
		for _, e := range operands(n.Rhs[0], token.LOR)[1:] {
			t.add(at, "never "+t.text(at.file, e), t.around(e, "((", ") && !mutantOn(§))"))
		}
	case len(operands(n.Rhs[0], token.LAND)) > 1 && t.isBool(at.pkg, n.Rhs[0]):
		t.always(at, n.Rhs[0])
	}
}

func (t *tree) isBool(p *pkg, e ast.Expr) bool {
	b, ok := p.info.Types[e].Type.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsBoolean != 0
}

// enforces says whether statements are what a broken rule leads to, and by which rule if they name it.
func (t *tree) enforces(at site, body []ast.Stmt, cond ast.Expr) (rule string, ok bool) {
	for _, st := range body {
		switch st := st.(type) {
		case *ast.ReturnStmt:
			for _, e := range st.Results {
				if r, yes := t.answer(at, e); yes {
					return r, true
				}
			}
			if t.drops(at, st) {
				return "", true
			}
		case *ast.ExprStmt:
			if r, yes := t.answer(at, st.X); yes {
				return r, true
			}
		case *ast.IfStmt:
			if st.Init == nil {
				continue
			}
			if r, yes := t.enforces(at, []ast.Stmt{st.Init}, cond); yes {
				return r, true
			}
		case *ast.AssignStmt:
			if r, yes := t.notes(at, st); yes {
				return r, true
			}
		case *ast.BranchStmt:
			if st.Tok == token.CONTINUE && speaksOf(cond, forbidding) {
				return "", true
			}
		}
	}
	return "", speaksOf(cond, limitName)
}

// limitName are the names of limits.
var limitName = regexp.MustCompile(`^(max|Max|most|largest)[A-Z]`)

// speaksOf says whether a condition names something.
func speaksOf(cond ast.Expr, names *regexp.Regexp) (found bool) {
	if cond == nil {
		return false
	}
	ast.Inspect(cond, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			found = found || names.MatchString(id.Name)
		}
		return true
	})
	return found
}

// notes says whether an assignment drops something or notes a rule.
func (t *tree) notes(at site, st *ast.AssignStmt) (rule string, ok bool) {
	for i, e := range st.Rhs {
		if r, yes := t.answer(at, e); yes && st.Tok == token.ASSIGN {
			return r, true
		}
		left := t.text(at.file, st.Lhs[min(i, len(st.Lhs)-1)])
		// The output is cut back: what was written last is dropped.
		if cut, isCut := e.(*ast.SliceExpr); isCut && cut.Low == nil && st.Tok == token.ASSIGN && t.text(at.file, cut.X) == left &&
			(left == "p.dst" || left == "out") {
			return "", true
		}
		if lit, isLit := e.(*ast.BasicLit); isLit && lit.Kind == token.STRING && (left == "rule" || left == "reason") && lit.Value != `""` {
			return ruleOfText(lit.Value), true
		}
		if strings.Contains(t.text(at.file, e), "wire.Gone") {
			return "", true
		}
	}
	return "", false
}

// drops says whether a return means that what was looked at may not pass.
func (t *tree) drops(at site, st *ast.ReturnStmt) bool {
	if len(st.Results) == 0 || at.pkg.folder == "sfu" {
		return false
	}
	switch last := st.Results[len(st.Results)-1].(type) {
	case *ast.Ident:
		if last.Name == "false" {
			return strings.HasPrefix(at.result, "bool") && !helpers.MatchString(at.function) && !forbidding.MatchString(at.function)
		}
		return last.Name == "true" && forbidding.MatchString(at.function) || last.Name == "valueBad" ||
			last.Name == "nil" && at.pkg.folder == "sanitizer" && at.results == 1 && strings.HasPrefix(at.result, "[]")
	case *ast.UnaryExpr:
		return t.text(at.file, last) == "-1"
	}
	return false
}

// answer says whether an expression refuses, and by which rule.
func (t *tree) answer(at site, e ast.Expr) (rule string, ok bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.SelectorExpr:
				name = f.Sel.Name
			case *ast.Ident:
				name = f.Name
			}
			closes := name == "lost" && t.text(at.file, n.Args[0]) == `"closed"` // no rule: the other side is gone
			ok = ok || answers.MatchString(name) && !closes || name == "scopeRule"
		case *ast.Ident:
			if v, isConst := at.pkg.info.Uses[n].(*types.Const); isConst && strings.HasPrefix(n.Name, "rule") {
				ok = true
				if v.Val().Kind() == constant.String {
					rule = constant.StringVal(v.Val())
				}
			}
			ok = ok || n.Name == "Refusal" || n.Name == "DecodeError" || n.Name == "scopeRules" || n.Name == "paceRates" ||
				at.pkg.folder == "sfu" && outcomes.MatchString(n.Name)
		case *ast.BasicLit:
			if n.Kind == token.STRING && (strings.HasPrefix(n.Value, `"row`) || at.result == "string" && at.function == "gate" && n.Value != `""`) {
				rule, ok = ruleOfText(n.Value), true
			}
		}
		return true
	})
	return rule, ok
}
