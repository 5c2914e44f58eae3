package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A program is one that tests start: names that it may have on PATH or elsewhere, and the package that brings it.
type program struct {
	names  []string // names on PATH, or patterns of paths
	bundle string
}

var (
	// browserPrograms are the browsers of the tests: both people of a session use the first, customers the second as well.
	browserPrograms = []program{
		{names: []string{"chromium", "chromium-browser", "google-chrome"}, bundle: "chromium"},
		{names: []string{"firefox-esr", "firefox"}, bundle: "firefox-esr"},
	}
	// serverPrograms are a database that the server can use, and the client of another TURN server.
	serverPrograms = []program{
		{names: []string{"/usr/lib/postgresql/*/bin/initdb", "initdb"}, bundle: "postgresql"},
		{names: []string{"turnutils_uclient"}, bundle: "coturn"},
	}
)

// browsers makes sure that the browser tests have their browsers.
func browsers([]string) error { return install(browserPrograms) }

// programs makes sure that all tests have what they start.
func programs([]string) error { return install(slices.Concat(browserPrograms, serverPrograms)) }

// install brings programs that are missing. It uses the system's package manager, never a download of its own: what it
// brings then gets the system's security updates.
func install(needed []program) error {
	var missing []string
	for _, p := range needed {
		if path := p.find(); path != "" {
			fmt.Println("found", path)
		} else {
			missing = append(missing, p.bundle)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("not on this machine: %s; install these packages (as root on Debian: apt-get install %s) and run this again", list, list)
	}
	fmt.Printf("not on this machine: installing %s with apt-get\n", list)
	os.Setenv("DEBIAN_FRONTEND", "noninteractive") // apt must not ask: nobody may be there
	if err := run(".", "apt-get", "update", "-q"); err != nil {
		return fmt.Errorf("apt-get update: %w", err)
	}
	if err := run(".", "apt-get", append([]string{"install", "-q", "-y", "--no-install-recommends"}, missing...)...); err != nil {
		return fmt.Errorf("apt-get install %s: %w", list, err)
	}
	return nil
}

// find is where a program is; empty when it is nowhere.
func (p program) find() string {
	for _, name := range p.names {
		if found, err := filepath.Glob(name); err == nil && len(found) > 0 && filepath.IsAbs(name) {
			return found[0]
		}
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
