package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// A browser is one that tests run in: names that it may have on PATH, and the package that brings it.
type browser struct {
	names  []string
	bundle string
}

// needed are the browsers of the tests: both people of a session use the first, customers the second as well.
var needed = []browser{
	{names: []string{"chromium", "chromium-browser", "google-chrome"}, bundle: "chromium"},
	{names: []string{"firefox-esr", "firefox"}, bundle: "firefox-esr"},
}

// browsers makes sure that the browser tests have their browsers. It uses the system's package manager,
// never a download of its own: the browsers then get the system's security updates.
func browsers([]string) error {
	var missing []string
	for _, b := range needed {
		if path := b.find(); path != "" {
			fmt.Println("found", path)
		} else {
			missing = append(missing, b.bundle)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf("not on PATH: %s; install these packages (as root on Debian: apt-get install %s) and run this again", list, list)
	}
	fmt.Printf("not on PATH: installing %s with apt-get\n", list)
	os.Setenv("DEBIAN_FRONTEND", "noninteractive") // apt must not ask: nobody may be there
	if err := run(".", "apt-get", "update", "-q"); err != nil {
		return fmt.Errorf("apt-get update: %w", err)
	}
	if err := run(".", "apt-get", append([]string{"install", "-q", "-y", "--no-install-recommends"}, missing...)...); err != nil {
		return fmt.Errorf("apt-get install %s: %w", list, err)
	}
	return nil
}

// find is where the browser is; empty when it is nowhere.
func (b browser) find() string {
	for _, name := range b.names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
