// Command vitrine is the whole product: it serves, signs tokens, shows its policy, checks servers and machines, and says which
// version it is.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func main() {
	err := root().Execute()
	if err == nil {
		return
	}
	if text := err.Error(); text != "" {
		fmt.Fprintln(os.Stderr, "vitrine:", text)
	}
	var known *failure
	if errors.As(err, &known) {
		os.Exit(known.status)
	}
	os.Exit(1)
}

// root is the command with its subcommands, in the order of use.
func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "vitrine",
		Short:         "Co-browsing with a server that checks every frame",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	cmd.AddCommand(serveCommand(), tokenCommand(), policyCommand(), lockCommand(), auditCommand(), backupCommand(), restoreCommand(), openCommand(), turnCommand(), doctorCommand(), versionCommand())
	cmd.CompletionOptions.DisableDefaultCmd = true
	return cmd
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		Run: func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), "vitrine", version()) },
	}
}

// version is the module's version, and the commit where it is known.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			version += " " + setting.Value
		}
	}
	return version
}
