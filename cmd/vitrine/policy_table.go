package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"vitrine/internal/access"
	"vitrine/internal/wire"
	"vitrine/signaling"
)

// An expectations is a table of what an access policy should say.
type expectations struct {
	Policy string        `yaml:"policy"` // beside this file; empty for the default policy
	Cases  []expectation `yaml:"cases"`
}

type expectation struct {
	Name      string   `yaml:"name"`
	Roles     []string `yaml:"roles"`
	Groups    []string `yaml:"groups"`
	Site      string   `yaml:"site"` // empty for the server
	Path      string   `yaml:"path"` // of a page; empty for the site itself
	At        string   `yaml:"at"`   // local time, such as 2026-03-02T12:00
	Recording bool     `yaml:"recording"`
	Allow     []string `yaml:"allow"`
	Deny      []string `yaml:"deny"`
}

func policyTestCommand() *cobra.Command {
	var policy string
	cmd := &cobra.Command{
		Use:   "test TABLE.yaml",
		Short: "Hold the access policy against a table of who should be allowed what",
		Long: "Holds an access policy against a table of expectations, prints those that it does not meet, and exits with 1 when there\n" +
			"are any. docs/ACCESS.md describes both files.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return testPolicy(cmd.OutOrStdout(), args[0], policy) },
	}
	cmd.Flags().StringVar(&policy, "policy", "", "policy file (default: the one that the table names)")
	return cmd
}

func policyDefaultCommand() *cobra.Command {
	return &cobra.Command{
		Use: "default", Short: "Print the access policy of a server that names none, to begin one's own with", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(access.Default())
			return err
		},
	}
}

// testPolicy prints every expectation that does not hold.
func testPolicy(out io.Writer, name, policy string) error {
	table, err := readTable(name)
	if err != nil {
		return err
	}
	if policy == "" && table.Policy != "" {
		policy = filepath.Join(filepath.Dir(name), table.Policy)
	}
	policies, err := loadPolicies(policy)
	if err != nil {
		return err
	}
	asked, failed := 0, 0
	for i, c := range table.Cases {
		answers, err := c.ask(policies)
		if err != nil {
			return fmt.Errorf("%s: case %d (%s): %w", name, i+1, c.Name, err)
		}
		for _, a := range answers {
			asked++
			if a.want != a.got.Allowed {
				failed++
				fmt.Fprintf(out, "case %d (%s): %s: want %s, got %s by %s\n", i+1, c.Name, a.action, verdictWord(a.want), verdictWord(a.got.Allowed), a.got.Policy)
			}
		}
	}
	fmt.Fprintf(out, "%d expectations, %d not met\n", asked, failed)
	if failed > 0 {
		return &failure{status: 1}
	}
	return nil
}

func loadPolicies(name string) (*access.Policies, error) {
	if name == "" {
		return access.Parse("default policy", access.Default())
	}
	return access.Load(name)
}

func verdictWord(allowed bool) string {
	if allowed {
		return "allow"
	}
	return "deny"
}

func readTable(name string) (table expectations, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return table, err
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&table); err != nil && !errors.Is(err, io.EOF) {
		return table, fmt.Errorf("%s: %s", name, strings.ReplaceAll(explain(err), "vitrine.example.yaml", "ACCESS.md"))
	}
	if len(table.Cases) == 0 {
		return table, fmt.Errorf("%s: holds no cases: docs/ACCESS.md shows some", name)
	}
	return table, nil
}

// An answered is what a policy says of one action.
type answered struct {
	action string
	want   bool
	got    access.Decision
}

// ask asks for every action of an expectation.
func (c expectation) ask(policies *access.Policies) (answers []answered, err error) {
	for _, role := range c.Roles {
		if !slices.Contains(signaling.Roles(), role) {
			return nil, fmt.Errorf("there is no role %q: use %s", role, strings.Join(signaling.Roles(), ", "))
		}
	}
	now := access.Moment{Time: time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), Recording: c.Recording}
	if c.At != "" {
		if now.Time, err = time.Parse("2006-01-02T15:04", c.At); err != nil {
			return nil, fmt.Errorf("at: write the local time as 2026-03-02T12:00")
		}
	}
	if c.Path != "" && (c.Path[0] != '/' || c.Site == "") {
		return nil, errors.New("path: begins with a slash, and needs a site")
	}
	who := access.NewPerson("somebody", c.Roles, c.Groups)
	for want, list := range map[bool][]string{true: c.Allow, false: c.Deny} {
		for _, action := range list {
			if !slices.Contains(access.Actions(), access.Action(action)) {
				return nil, fmt.Errorf("there is no action %q", action)
			}
			answers = append(answers, answered{action, want, c.decide(policies, who, access.Action(action), now)})
		}
	}
	if len(answers) == 0 {
		return nil, errors.New("says nothing: list actions under allow or deny")
	}
	slices.SortFunc(answers, func(a, b answered) int { return strings.Compare(a.action, b.action) })
	return answers, nil
}

func (c expectation) decide(policies *access.Policies, who access.Person, action access.Action, now access.Moment) access.Decision {
	i := slices.Index(access.PageActions(), action)
	if c.Path == "" || i < 0 {
		return policies.Decide(who, action, c.Site, now)
	}
	const origin = "https://site.example"
	bit := wire.Scope(1) << i
	v := policies.OnPage(who, c.Site, access.Address{Origin: origin, URL: []byte(origin + c.Path)}, now)
	return access.Decision{Allowed: v.May&bit != 0, Policy: v.By(bit)}
}
