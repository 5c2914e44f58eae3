// Command verdicts is the Go half of `make verdicts`.
//
//	verdicts feed -base URL -origin URL    be a customer's browser that filters nothing, told on standard input what to send
//	verdicts dump                          what an agent would get of the pages whose files standard input names, as JSON
//	verdicts write                         write docs/verdicts.md from what the stages left in bin/figures
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := command(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "verdicts:", err)
		os.Exit(1)
	}
}

func command(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("feed, dump or write?")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	base := flags.String("base", "", "address of the server")
	origin := flags.String("origin", "", "origin of the page that is pretended")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "feed":
		return feed(*base, *origin, os.Stdin, os.Stdout)
	case "dump":
		return dump(os.Stdin, os.Stdout)
	case "write":
		return write("bin/figures", "docs/verdicts.md")
	}
	return fmt.Errorf("no command %q", args[0])
}
