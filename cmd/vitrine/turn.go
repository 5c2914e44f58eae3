package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitrine/turn/check"
	"vitrine/turn/vrelay"
)

// A failure is an end of the process with a status of its own: 1 is a finding, 2 is that the command could not run. Its
// error may be nil when all was said already.
type failure struct {
	status int
	err    error
}

// Error is what is still to be said.
func (f *failure) Error() string {
	if f.err == nil {
		return ""
	}
	return f.err.Error()
}

func turnCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "turn", Short: "Check the way to a server; list and end what its relays carry"}
	cmd.AddCommand(turnCheckCommand(), turnSessionsCommand(), turnKickCommand())
	return cmd
}

func turnCheckCommand() *cobra.Command {
	var token, ca string
	var asJSON, external bool
	cmd := &cobra.Command{
		Use:   "check URL",
		Short: "Look at a server from outside: name, port, certificate, TURN, and the way through it",
		Long: "URL is the server's origin, such as https://cobrowse.example. Run it on the network whose people cannot connect.\n" +
			"Exit status: 0 all is well, 1 something was found, 2 it could not run.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			config := check.Config{Base: strings.TrimSuffix(args[0], "/"), Token: token, External: external}
			if ca != "" {
				roots, err := readRoots(ca)
				if err != nil {
					return &failure{2, err}
				}
				config.Roots = roots
			}
			out := cmd.OutOrStdout()
			if !asJSON {
				config.Each = func(s check.Step) { printStep(out, s) }
			}
			report, err := check.Run(cmd.Context(), config)
			if err != nil {
				return &failure{2, err}
			}
			if asJSON {
				err = json.NewEncoder(out).Encode(report)
			}
			if err == nil && !report.Passed {
				err = &failure{status: 1}
			}
			return err
		},
	}
	cmd.Flags().StringVar(&token, "token", "", "from `vitrine token check`, on the server; good once (not needed with serve --dev)")
	cmd.Flags().StringVar(&ca, "ca", "", "PEM file of a private CA's root, in place of the system's")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	cmd.Flags().BoolVar(&external, "external", false, "the TURN servers are others' (coturn, eturnal), with real relayed addresses")
	return cmd
}

func readRoots(name string) (*x509.CertPool, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", name)
	}
	return roots, nil
}

// printStep prints one line, and under a finding its cause and what to do.
func printStep(out io.Writer, s check.Step) {
	name := s.Name
	if s.URL != "" {
		name += " " + s.URL
	}
	_, _ = fmt.Fprintf(out, "%-8s %s: %s\n", s.Result, name, s.Detail) // nobody is there to be told that a terminal is gone
	if s.Cause != "" {
		_, _ = fmt.Fprintf(out, "         cause: %s\n         do:    %s\n", s.Cause, s.Remedy)
	}
}

func turnSessionsCommand() *cobra.Command {
	var a adminFlags
	cmd := &cobra.Command{
		Use: "sessions", Short: "List the sessions that hold relays on the running server, as JSON lines", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			answer, err := a.call(cmd, http.MethodGet, "/turn/sessions")
			if err != nil {
				return &failure{2, err}
			}
			var uses []vrelay.Use
			if err := json.Unmarshal(answer, &uses); err != nil {
				return &failure{2, err}
			}
			for _, use := range uses {
				if err := json.NewEncoder(cmd.OutOrStdout()).Encode(use); err != nil {
					return err
				}
			}
			return nil
		},
	}
	a.add(cmd)
	return cmd
}

func turnKickCommand() *cobra.Command {
	var a adminFlags
	cmd := &cobra.Command{
		Use: "kick SESSION", Short: "End the relays of a session; people who have another way stay connected", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			answer, err := a.call(cmd, http.MethodDelete, "/turn/sessions/"+url.PathEscape(args[0]))
			if err != nil {
				return &failure{2, err}
			}
			var done struct{ Allocations int }
			if err := json.Unmarshal(answer, &done); err != nil {
				return &failure{2, err}
			}
			if done.Allocations == 0 {
				return &failure{1, errors.New("this session holds no relays")}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d allocations ended\n", done.Allocations)
			return err
		},
	}
	a.add(cmd)
	return cmd
}

// adminFlags say where the admin listener of the running server is.
type adminFlags struct{ config, admin string }

func (a *adminFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.config, "config", "", "configuration file of the server")
	cmd.Flags().StringVar(&a.admin, "admin", "", "address of its admin listener (default: that of the configuration, or "+defaults().Admin.Listen+")")
}

// call asks the running server.
func (a *adminFlags) call(cmd *cobra.Command, method, path string) ([]byte, error) {
	c := defaults()
	if a.config != "" {
		if err := load(a.config, &c); err != nil {
			return nil, err
		}
	}
	if a.admin != "" {
		c.Admin.Listen = a.admin
	}
	if c.Admin.Listen == "" {
		return nil, errors.New("the server has no admin listener: set admin.listen")
	}
	request, err := http.NewRequestWithContext(cmd.Context(), method, "http://"+c.Admin.Listen+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
	if err != nil {
		return nil, fmt.Errorf("no server answers at %s: start it, or name its admin listener with --admin or --config", c.Admin.Listen)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("the server answers %s", answer.Status)
	}
	return body, err
}

// turnRoutes are the admin listener's view of the relays: session ids and sums, no addresses.
func (h *host) turnRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /turn/sessions", func(w http.ResponseWriter, _ *http.Request) {
		uses := h.turn.Sessions()
		slices.SortFunc(uses, func(a, b vrelay.Use) int { return strings.Compare(a.Session, b.Session) })
		answerJSON(w, uses)
	})
	mux.HandleFunc("DELETE /turn/sessions/{id}", func(w http.ResponseWriter, r *http.Request) {
		if !fromHere(r) {
			http.Error(w, "for programs of this machine, not for web pages", http.StatusForbidden)
			return
		}
		id := r.PathValue("id")
		n := h.turn.Kick(id)
		if n > 0 {
			h.logger.Info("relays ended by the admin", "session", id, "allocations", n)
		}
		answerJSON(w, struct {
			Allocations int `json:"allocations"`
		}{n})
	})
}

// fromHere refuses what a web page in a browser on this machine could send: those name an origin, or reach the loopback
// address under a name of their own (DNS rebinding).
func fromHere(r *http.Request) bool {
	at, err := netip.ParseAddrPort(r.Host)
	return err == nil && at.Addr().IsLoopback() && r.Header.Get("Origin") == "" && r.Header.Get("Sec-Fetch-Site") == ""
}

func answerJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // fails only when the client is gone
}
