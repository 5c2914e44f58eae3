// Command stages runs the stages of `make check`, `make test`, `make fuzz` and `make e2e` one after another,
// stops at the first that fails, and says in its last line how it went.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A stage is one step: what it is called in the output, and what it does.
type stage struct {
	name string
	do   func(args []string) error
}

// lists is every stage of every command, in the order they run: the cheap ones first.
var lists = map[string][]stage{
	"check": {
		{"gofmt", gofmt},
		{"go vet", command(".", "go", "vet", "./...")},
		{"staticcheck", command(".", "go", "tool", "staticcheck", "./...")},
		{"generated code", generated},
		{"house rules", command(".", "go", "test", "-count=1", "-run", "^TestHouse", "./test")},
		{"types", command("web", "npm", "run", "--silent", "types")},
		{"lint", command("web", "npm", "run", "--silent", "lint")},
	},
	"test": {
		{"programs", programs},
		{"go test", command(".", "go", "test", "./...")},
		{"fuzz", fuzzBrief},
		{"vitest", command("web", "npm", "run", "--silent", "unit")},
		{"playwright", playwright},
	},
	"fuzz": {
		{"fuzz", fuzz},
	},
	"verdicts": {
		{"browsers", browsers},
		{"payloads and pages in the browser", verdicts},
		{"other parsers", command(".", "go", "test", "-count=1", "./test/oracle")},
		{"docs/verdicts.md", command(".", "go", "run", "./test/verdicts", "write")},
	},
	"fidelity": {
		{"browsers", browsers},
		{"pages of others", fidelity},
	},
	"e2e": {
		{"browsers", browsers},
		{"playwright", playwright},
	},
}

func main() {
	if len(os.Args) < 2 || lists[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: go run ./internal/tools/stages check|test|fuzz|verdicts|fidelity|e2e [arguments of the runner]")
		os.Exit(2)
	}
	name, stages := os.Args[1], lists[os.Args[1]]
	begin := time.Now()
	for i, s := range stages {
		fmt.Printf("── %s %d/%d: %s\n", name, i+1, len(stages), s.name)
		if err := s.do(os.Args[2:]); err != nil {
			fmt.Printf("make %s: FAILED at stage %q: %v\n", name, s.name, err)
			os.Exit(1)
		}
	}
	fmt.Printf("make %s: passed, all %d stages in %s\n", name, len(stages), time.Since(begin).Round(time.Second))
}

// run starts a program in a folder and shows its output as it comes.
// It gets no input: a prompt would hang where nobody sits.
func run(folder, program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Dir = folder
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// command is a stage that is one program.
func command(folder, program string, args ...string) func([]string) error {
	return func([]string) error { return run(folder, program, args...) }
}

// playwright runs the browser tests; args pick some by file or title.
func playwright(args []string) error {
	return run("web", "npm", append([]string{"run", "--silent", "e2e", "--"}, args...)...)
}

// fidelity compares pictures of all pages of others with those of the stage and says where the report is.
func fidelity([]string) error {
	if err := os.Setenv("FIDELITY", "all"); err != nil {
		return err
	}
	err := playwright([]string{"fidelity"})
	fmt.Println("pictures: test/artefacts/fidelity/index.html")
	return err
}

// gofmt refuses a Go file that gofmt would change.
func gofmt([]string) error {
	files, err := sources(".go", ".")
	if err != nil {
		return err
	}
	out, err := exec.Command("gofmt", append([]string{"-l"}, files...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		fmt.Print(string(out))
		return fmt.Errorf("run gofmt -w on the files above")
	}
	return nil
}

// skipped are the folders that hold nothing written by hand.
var skipped = []string{".git", "node_modules", "dist", "bin", "artefacts"}

// sources lists the files below some folders (or the files themselves) whose name ends in suffix,
// leaving out whatever is built or installed. It does not ask git: a copy without history is checked as well.
func sources(suffix string, roots ...string) ([]string, error) {
	var files []string
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // a generated file that is not there yet
			case err != nil:
				return err
			case entry.IsDir() && slices.Contains(skipped, entry.Name()):
				return filepath.SkipDir
			case !entry.IsDir() && strings.HasSuffix(path, suffix):
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// generated runs the generator and refuses a file that it changed: what is in the tree was stale,
// or edited by hand. The fresh files stay, ready to be committed.
func generated([]string) error {
	before, err := contents()
	if err != nil {
		return err
	}
	if err := run(".", "go", "generate", "./internal/wire/..."); err != nil {
		return err
	}
	after, err := contents()
	if err != nil {
		return err
	}
	var stale []string
	for name, data := range after {
		if !bytes.Equal(before[name], data) {
			stale = append(stale, name)
		}
	}
	if len(stale) > 0 {
		return fmt.Errorf("stale, now rewritten: %s", strings.Join(stale, " "))
	}
	return nil
}

// contents reads every file the generator may write: its Go, TypeScript, documentation and vectors.
func contents() (map[string][]byte, error) {
	names, err := sources("", "internal/wire", "sanitizer", "web/wire", "docs/PROTOCOL.md", "test/vectors")
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte, len(names))
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	return files, nil
}
