package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitrine/signaling"
)

// tokenFlags are the flags of the token commands.
type tokenFlags struct {
	data, subject, name, site, session string
	roles, groups                      []string
	ttl                                time.Duration
}

func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Sign a token with a data directory's key and print it"}
	var agent, customer, check tokenFlags
	forAgent := &cobra.Command{
		Use: "agent", Short: "A token that signs an agent in, once", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return agent.print(cmd, signaling.KindAgent, signaling.Claims{
				Site: agent.site, Name: agent.name, Roles: agent.roles, Groups: agent.groups,
			})
		},
	}
	agent.add(forAgent, "who the agent is, such as a staff number")
	forAgent.Flags().Lookup("site").Usage = "key of the site, or \"" + signaling.AllSites + "\" for every site"
	forAgent.Flags().StringVar(&agent.name, "name", "", "what customers are shown (default: the subject)")
	forAgent.Flags().StringSliceVar(&agent.roles, "role", nil, "what the agent is at the site: "+strings.Join(signaling.Roles(), ", ")+" (default: agent)")
	forAgent.Flags().StringSliceVar(&agent.groups, "group", nil, "groups of the agent, for the access policy")
	forCustomer := &cobra.Command{
		Use:   "customer",
		Short: "A token that starts a session in place of a site key, or with --session one that joins it as its customer",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if customer.session == "" {
				return customer.print(cmd, signaling.KindSite, signaling.Claims{Site: customer.site})
			}
			return customer.print(cmd, signaling.KindSession, signaling.Claims{
				Site: customer.site, Session: customer.session, Role: signaling.RoleCustomer,
			})
		},
	}
	customer.add(forCustomer, "who the customer is to the owner, such as a customer number")
	forCustomer.Flags().StringVar(&customer.session, "session", "", "id of a session that is already open")
	forCheck := &cobra.Command{
		Use: "check", Short: "A token for `vitrine turn check` and for the page /check#token=…", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return check.print(cmd, signaling.KindCheck, signaling.Claims{})
		},
	}
	check.base(forCheck, "who checks, for the audit log")
	cmd.AddCommand(forAgent, forCustomer, forCheck)
	return cmd
}

func (f *tokenFlags) add(cmd *cobra.Command, subject string) {
	f.base(cmd, subject)
	cmd.Flags().StringVar(&f.site, "site", signaling.DevSite().Key, "key of the site")
}

// base adds the flags that every token has.
func (f *tokenFlags) base(cmd *cobra.Command, subject string) {
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "data directory of the server")
	flags.StringVar(&f.subject, "subject", "", subject)
	flags.DurationVar(&f.ttl, "ttl", signaling.MaxTokenLife, "how long the token is good, at most 10m")
	for _, name := range []string{"data", "subject"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // the flag was defined above: cannot happen
		}
	}
}

// print signs a token and prints it alone on its line.
func (f *tokenFlags) print(cmd *cobra.Command, kind signaling.Kind, claims signaling.Claims) error {
	dir, err := dataOf(f.data)
	if err != nil {
		return err
	}
	keys, err := signaling.OpenKeys(dir)
	if err != nil {
		return err
	}
	claims.Subject = f.subject
	token, _, err := signaling.NewTokens(keys).Mint(kind, claims, f.ttl)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
	return err
}
