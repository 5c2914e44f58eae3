package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
)

func policyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "policy", Short: "Show what passes from a page to an agent, and test who may do what"}
	cmd.AddCommand(policyShowCommand(), policyExplainCommand(), policyTestCommand(), policyDefaultCommand())
	return cmd
}

func policyShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show", Short: "Print everything that may pass, and what was refused and why", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(viewPolicy())
			}
			return viewPolicy().print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	return cmd
}

// explainFlags are the flags of policy explain: the options of a site that decide what is masked.
type explainFlags struct {
	config, site string
	add          siteConfig // what the flags add to the site
	json         bool
}

func policyExplainCommand() *cobra.Command {
	var flags explainFlags
	cmd := &cobra.Command{
		Use:   "explain FILE.html",
		Short: "Say what of a page would be dropped, replaced or masked, and by which row of the threat table",
		Long: "Says what of a page would be dropped, replaced or masked, and by which row of the threat table (docs/THREATS.md).\n" +
			"The file is read as it is: nothing runs and nothing is loaded, so what scripts or style sheets of other files would\n" +
			"add is not in the answer. Names are printed, but no texts or values.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			masks, err := flags.read()
			if err != nil {
				return err
			}
			doc, err := readPage(args[0])
			if err != nil {
				return err
			}
			report := explainPage(doc, masks)
			if flags.json {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			}
			return report.print(cmd.OutOrStdout(), args[0])
		},
	}
	set := cmd.Flags()
	set.StringVar(&flags.config, "config", "", "configuration file of the server, for what the site masks")
	set.StringVar(&flags.site, "site", "", "key of the site in the configuration (default: the only one)")
	set.StringArrayVar(&flags.add.Mask, "mask", nil, "a selector whose elements are masked, as in Vitrine.start; may be repeated")
	set.BoolVar(&flags.add.Private, "private", false, "mask everything that is not marked to be shown")
	set.StringSliceVar(&flags.add.Detect, "detect", nil, "kinds of secrets that are masked in texts: cards, ibans, emails")
	set.BoolVar(&flags.add.ShowQuery, "show-query", false, "show addresses with what stands behind ? and #")
	set.BoolVar(&flags.json, "json", false, "print one line of JSON")
	return cmd
}

// read gives the masks of the site and of the flags together.
func (f *explainFlags) read() (*pageMasks, error) {
	site := siteConfig{}
	if f.site != "" && f.config == "" {
		return nil, errors.New("--site names a site of a configuration: name that with --config")
	}
	if f.config != "" {
		c := defaults()
		if err := load(f.config, &c); err != nil {
			return nil, err
		}
		found, err := c.site(f.site)
		if err != nil {
			return nil, err
		}
		site = *found
	}
	site.Mask = append(slices.Clone(site.Mask), f.add.Mask...)
	site.Detect = append(slices.Clone(site.Detect), f.add.Detect...)
	site.Private = site.Private || f.add.Private
	site.ShowQuery = site.ShowQuery || f.add.ShowQuery
	return newPageMasks(&site)
}

// site finds a site by its key; without one, the only site that there is.
func (c *config) site(key string) (*siteConfig, error) {
	if key == "" && len(c.Sites) != 1 {
		return nil, fmt.Errorf("the configuration has %d sites: name one with --site", len(c.Sites))
	}
	for i := range c.Sites {
		if key == "" || c.Sites[i].Key == key {
			return &c.Sites[i], nil
		}
	}
	return nil, fmt.Errorf("the configuration has no site %q", key)
}
