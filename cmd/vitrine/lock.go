package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"vitrine/signaling"
)

// lockFlags say which server is meant, and why.
type lockFlags struct{ config, data, admin, reason string }

func lockCommand() *cobra.Command {
	var flags lockFlags
	cmd := &cobra.Command{
		Use:   "lock",
		Short: "Lock an agent, a site or a session out at once, list such locks and lift them",
		Long: "Locks an agent, a site or a session out: what is live of it ends within a second, and it stays out until the lock is\n" +
			"lifted, over restarts as well. Run it on the server's machine, by somebody who may read its data directory.",
	}
	set := cmd.PersistentFlags()
	set.StringVar(&flags.config, "config", "", "configuration file of the server")
	set.StringVar(&flags.data, "data", "", "data directory of the server, where there is no configuration file")
	set.StringVar(&flags.admin, "admin", "", "address of the server's admin listener (default: that of the configuration)")
	for _, kind := range []struct{ name, what string }{
		{"agent", "SUBJECT"}, {"site", "KEY"}, {"session", "ID"},
	} {
		one := &cobra.Command{
			Use: kind.name + " " + kind.what, Short: "Lock this " + kind.name, Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return flags.set(cmd, kind.name, args[0]) },
		}
		one.Flags().StringVar(&flags.reason, "reason", "", "why, for those who list the locks")
		cmd.AddCommand(one)
	}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "List the locks that hold", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return flags.list(cmd) }},
		&cobra.Command{Use: "lift ID", Short: "Lift a lock", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			_, err := flags.call(http.MethodDelete, "/"+args[0], nil)
			return err
		}},
	)
	return cmd
}

// A heldLock is a lock as the API tells it.
type heldLock struct {
	ID, Kind, Target, Reason, By string
	At                           int64
}

func (f *lockFlags) set(cmd *cobra.Command, kind, target string) error {
	body, err := json.Marshal(map[string]string{"kind": kind, "target": target, "reason": f.reason})
	if err != nil {
		return err
	}
	answer, err := f.call(http.MethodPost, "", body)
	if err != nil {
		return err
	}
	var held heldLock
	if err := json.Unmarshal(answer, &held); err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), held.ID)
	return err
}

func (f *lockFlags) list(cmd *cobra.Command) error {
	answer, err := f.call(http.MethodGet, "", nil)
	if err != nil {
		return err
	}
	var held []heldLock
	if err := json.Unmarshal(answer, &held); err != nil {
		return err
	}
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, l := range held {
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.Kind, l.Target, time.Unix(l.At, 0).UTC().Format(time.RFC3339), l.By, l.Reason)
	}
	return out.Flush()
}

// call asks the admin listener, with a token of the data directory's key.
func (f *lockFlags) call(method, path string, body []byte) ([]byte, error) {
	c := defaults()
	if f.config != "" {
		if err := load(f.config, &c); err != nil {
			return nil, err
		}
	}
	if f.data != "" {
		c.Data = f.data
	}
	if f.admin != "" {
		c.Admin.Listen = f.admin
	}
	if c.Admin.Listen == "" {
		return nil, errors.New("the server has no admin listener: set admin.listen, or name it with --admin")
	}
	dir, err := dataOf(c.Data)
	if err != nil {
		return nil, err
	}
	keys, err := signaling.OpenKeys(dir)
	if err != nil {
		return nil, err
	}
	claims := signaling.Claims{}
	claims.Subject = "operator"
	token, _, err := signaling.NewTokens(keys).Mint(signaling.KindOperator, claims, time.Minute)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(method, "http://"+c.Admin.Listen+"/v1/locks"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	return answerOf(r)
}

// answerOf gives the body of an answer, or the problem in its own words.
func answerOf(r *http.Request) ([]byte, error) {
	client := &http.Client{Timeout: 10 * time.Second}
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("the server does not answer: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, 4<<20))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		var problem struct{ Title, Detail string }
		if json.Unmarshal(body, &problem) != nil || problem.Title == "" {
			return nil, fmt.Errorf("the server answered %s", answer.Status)
		}
		return nil, fmt.Errorf("%s: %s", problem.Title, problem.Detail)
	}
	return body, nil
}
