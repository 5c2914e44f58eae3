//go:build unix

package main

import (
	"fmt"

	"golang.org/x/sys/unix"

	"vitrine/turn/check"
)

// files looks at the limit of open files.
func (d *doctor) files() {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		d.add(check.Step{Name: "open files", Result: check.Skipped, Detail: "this system does not tell"})
		return
	}
	s := check.Step{Name: "open files", Detail: fmt.Sprintf("at most %d", limit.Max)}
	if limit.Max < leastFiles { // Go raises the soft limit to the hard one
		s.Result, s.Cause = check.Warned, "each TCP connection of HTTPS and TURN takes one"
		s.Remedy = "LimitNOFILE=65536 in the systemd unit, or ulimit -n"
	}
	d.add(s)
}
