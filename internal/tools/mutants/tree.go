package main

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
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// places are the packages whose rules are taken out, by folder, and the packages whose tests are asked, nearest first.
var places = []struct {
	folder string
	tests  []string
}{
	{"internal/wire", []string{"internal/wire", "sanitizer"}},
	{"sanitizer/vocab", []string{"sanitizer", "test"}},
	{"sanitizer", []string{"sanitizer"}},
	{"sfu", []string{"sfu"}},
}

// senders are functions that decide nothing about what comes in: they send, and keep memory for the next time.
var senders = regexp.MustCompile(`^(AppendMessages|giveBack|room|forget|emptied|empty)$`)

// gates are the files of package sfu in which frames are judged. The rest of it moves them.
var gates = regexp.MustCompile(`^sfu/(agent|config|consent|customer|fanout|input|intake|people|preview|session)\.go$`)

// unread are files that hold no rule of what may pass: the tokenizer is held to css-parsing-tests, the writer to its own
// tokens; the tables that `vitrine policy` prints, and where approved bytes are kept, decide nothing.
var unread = []string{"sanitizer/css_token.go", "sanitizer/css_token_text.go", "sanitizer/css_write.go", "sanitizer/show.go",
	"sanitizer/clean.go"}

// mutant is one rule taken out.
type mutant struct {
	id    int
	key   string // file, function and what was done: stays the same while lines move
	rule  string
	place string // folder of its package
	file  *source
	line  int
	wraps []wrap
}

// String says where the mutant is and what it does.
func (m *mutant) String() string {
	file, rest, _ := strings.Cut(m.key, " ")
	return fmt.Sprintf("%s:%d %s", file, m.line, rest)
}

// wrap is text put before and behind a part of a source.
type wrap struct {
	start, end  int
	open, close string
}

// source is one file.
type source struct {
	name string // from the root of the tree, with slashes
	text []byte
	file *ast.File
}

// pkg is one package whose rules are taken out.
type pkg struct {
	folder string
	name   string
	path   string
	files  []*source
	info   *types.Info
}

// tree is all of them.
type tree struct {
	root    string
	fset    *token.FileSet
	pkgs    []*pkg
	imports types.Importer
	mutants []*mutant
	keys    map[string]int
}

// load reads and types the packages.
func load(root string) (*tree, error) {
	t := &tree{root: root, fset: token.NewFileSet(), keys: map[string]int{}}
	var folders []string
	for _, p := range places {
		folders = append(folders, "./"+p.folder)
	}
	exports, err := exportData(root, folders)
	if err != nil {
		return nil, err
	}
	t.imports = importer.ForCompiler(t.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, place := range places {
		p := &pkg{folder: place.folder, path: "vitrine/" + place.folder}
		names, err := filepath.Glob(filepath.Join(root, place.folder, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			s := &source{name: place.folder + "/" + filepath.Base(name)}
			if s.text, err = os.ReadFile(name); err != nil {
				return nil, err
			}
			if s.file, err = parser.ParseFile(t.fset, name, s.text, parser.ParseComments); err != nil {
				return nil, err
			}
			p.name = s.file.Name.Name
			p.files = append(p.files, s)
		}
		p.info = &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}}
		if errs := t.check(t.fset, p, p.asts(), p.info); len(errs) > 0 {
			return nil, errs[0]
		}
		t.pkgs = append(t.pkgs, p)
	}
	return t, nil
}

func (p *pkg) asts() (files []*ast.File) {
	for _, s := range p.files {
		files = append(files, s.file)
	}
	return files
}

// check types a package and returns everything that is wrong with it.
func (t *tree) check(fset *token.FileSet, p *pkg, files []*ast.File, info *types.Info) (errs []types.Error) {
	conf := types.Config{Importer: t.imports, Error: func(err error) {
		if e, ok := err.(types.Error); ok {
			errs = append(errs, e)
		}
	}}
	// What is wrong comes by Error; the error returned is the first of them again.
	_, _ = conf.Check(p.path, fset, files, info)
	return errs
}

// exportData has everything compiled that the packages import, and returns where the compiler put what it exports.
func exportData(root string, folders []string) (map[string]string, error) {
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}, folders...)...)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	files := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		files[path] = file
	}
	return files, nil
}

// add notes a mutant. what says what it does.
func (t *tree) add(s site, what string, wraps ...wrap) {
	key := s.file.name + " " + s.function + ": " + strings.Join(strings.Fields(what), " ")
	if t.keys[key]++; t.keys[key] > 1 {
		key = fmt.Sprintf("%s #%d", key, t.keys[key])
	}
	m := &mutant{id: len(t.mutants) + 1, key: key, rule: s.rule, place: s.pkg.folder, file: s.file,
		line: 1 + bytes.Count(s.file.text[:wraps[0].start], []byte("\n"))}
	for _, w := range wraps {
		w.open, w.close = strings.ReplaceAll(w.open, "§", fmt.Sprint(m.id)), strings.ReplaceAll(w.close, "§", fmt.Sprint(m.id))
		m.wraps = append(m.wraps, w)
	}
	t.mutants = append(t.mutants, m)
}

// weave writes a source with all mutants in it. Lines stay where they are.
func (t *tree) weave(s *source) []byte {
	type insertion struct {
		at, other, id int
		text          string
		closes        bool
	}
	var list []insertion
	for _, m := range t.mutants {
		if m.file != s {
			continue
		}
		for _, w := range m.wraps {
			list = append(list, insertion{w.start, w.end, m.id, w.open, false}, insertion{w.end, w.start, m.id, w.close, true})
		}
	}
	slices.SortStableFunc(list, func(a, b insertion) int {
		switch {
		case a.at != b.at:
			return a.at - b.at
		case a.closes != b.closes:
			if a.closes {
				return -1
			}
			return 1
		case a.other != b.other:
			return b.other - a.other // what opens first ends last, and the other way round
		case a.closes:
			return b.id - a.id
		}
		return a.id - b.id
	})
	var out []byte
	done := 0
	for _, i := range list {
		out = append(append(out, s.text[done:i.at]...), i.text...)
		done = i.at
	}
	return append(out, s.text[done:]...)
}

// prune leaves out mutants that do not compile and returns them.
func (t *tree) prune() (broken []*mutant, err error) {
	for range 8 {
		type spot struct {
			file string
			line int
		}
		bad := map[spot]string{}
		for _, p := range t.pkgs {
			fset := token.NewFileSet()
			var files []*ast.File
			for _, s := range p.files {
				f, err := parser.ParseFile(fset, s.name, t.weave(s), parser.SkipObjectResolution)
				if err != nil {
					return nil, fmt.Errorf("woven: %w", err)
				}
				files = append(files, f)
			}
			f, err := parser.ParseFile(fset, "switch.go", switchSource(p.name, len(t.mutants)), parser.SkipObjectResolution)
			if err != nil {
				return nil, err
			}
			for _, e := range t.check(fset, p, append(files, f), nil) {
				at := fset.Position(e.Pos)
				bad[spot{at.Filename, at.Line}] = e.Msg
			}
		}
		if len(bad) == 0 {
			return broken, nil
		}
		before := len(t.mutants)
		t.mutants = slices.DeleteFunc(t.mutants, func(m *mutant) bool {
			_, gone := bad[spot{m.file.name, m.line}]
			if gone {
				broken = append(broken, m)
			}
			return gone
		})
		if len(t.mutants) == before {
			return nil, fmt.Errorf("the woven sources do not compile: %v", bad)
		}
	}
	return nil, fmt.Errorf("the woven sources do not compile")
}
