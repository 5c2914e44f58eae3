package main

import (
	"fmt"
	"os"
	"os/exec"
)

// chromium makes sure that the browser tests have a browser. It uses the system's package manager,
// never a download of its own: the browser then gets the system's security updates.
func chromium([]string) error {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			fmt.Println("found", path)
			return nil
		}
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return fmt.Errorf(`no chromium on PATH: install the package "chromium" (as root on Debian: apt-get install chromium) and run this again`)
	}
	fmt.Println("no chromium on PATH: installing the package \"chromium\" with apt-get")
	os.Setenv("DEBIAN_FRONTEND", "noninteractive") // apt must not ask: nobody may be there
	if err := run(".", "apt-get", "update", "-q"); err != nil {
		return fmt.Errorf("apt-get update: %w", err)
	}
	if err := run(".", "apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"); err != nil {
		return fmt.Errorf("apt-get install chromium: %w", err)
	}
	return nil
}
