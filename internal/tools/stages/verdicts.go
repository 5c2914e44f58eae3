package main

import (
	"os"
	"strings"
)

// verdicts takes every payload and a third of the pages to the stage; `make test` takes a few. args name the corpora to
// take anew, or "pages"; the figures of the others stay.
func verdicts(args []string) error {
	wanted := strings.Join(args, ",")
	if strings.Trim(wanted, ",") == "" {
		wanted = "all"
	}
	if err := os.Setenv("VERDICTS", wanted); err != nil {
		return err
	}
	return playwright([]string{"verdicts"})
}
