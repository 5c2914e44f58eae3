package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

// devTurn asks for TURN's usual port on this machine if it is free, and for any other if not.
const devTurn = "auto"

// serveFlags are the flags of serve, in the order of use.
type serveFlags struct {
	dev, json               bool
	config, data            string
	listen, udp, iceTCP     string
	turnUDP, turnTCP, admin string
}

func (f *serveFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.dev, "dev", false, "serve this machine only, with a demo shop and a signed-in console")
	flags.StringVar(&f.config, "config", "", "configuration file (docs/vitrine.example.yaml); flags win over it")
	flags.StringVar(&f.data, "data", "", "directory for keys and the audit log (with --dev: a folder in the user's cache)")
	flags.StringVar(&f.listen, "listen", "", "address for HTTP (with --dev: 127.0.0.1:8080); port 0 picks a free one")
	flags.StringVar(&f.udp, "udp", "", "addresses for WebRTC, with commas (with --dev: 127.0.0.1:8443); port 0 picks a free one, off means no UDP at all")
	flags.StringVar(&f.iceTCP, "ice-tcp", "", "address for WebRTC over TCP, with a port of its own (default: none)")
	flags.StringVar(&f.turnUDP, "turn-udp", "", "address for TURN over UDP (with --dev: port 3478 or a free one)")
	flags.StringVar(&f.turnTCP, "turn-tcp", "", "address for TURN over TCP (with --dev: port 3478 or a free one)")
	flags.StringVar(&f.admin, "admin", "", "loopback address for /metrics, /healthz and /readyz (with --dev: none)")
	flags.BoolVar(&f.json, "json", false, "print one line of JSON on stdout when ready")
}

// read makes the configuration: defaults, then the file, then the flags.
func (f *serveFlags) read(cmd *cobra.Command) (*config, error) {
	c := defaults()
	if f.dev {
		c = devDefaults()
	}
	if f.config != "" {
		if err := load(f.config, &c); err != nil {
			return nil, err
		}
	}
	for _, flag := range []struct {
		name  string
		value string
		field *string
	}{
		{"data", f.data, &c.Data}, {"listen", f.listen, &c.Listen}, {"udp", f.udp, (*string)(&c.UDP)}, {"ice-tcp", f.iceTCP, &c.ICETCP},
		{"turn-udp", f.turnUDP, &c.Turn.UDP}, {"turn-tcp", f.turnTCP, &c.Turn.TCP}, {"admin", f.admin, &c.Admin.Listen},
	} {
		if cmd.Flags().Changed(flag.name) {
			*flag.field = flag.value
		}
	}
	if c.dev && c.Data == "" {
		dir, err := devData()
		if err != nil {
			return nil, err
		}
		c.Data = dir
	}
	return &c, c.validate()
}

// devData is where a development server keeps its keys, so that `vitrine token` finds them.
func devData() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", errors.Join(errors.New("there is no cache directory for this user: name a directory with --data"), err)
	}
	return filepath.Join(cache, "vitrine-dev"), nil
}

// dataOf is the data directory that a command was given, which must exist.
func dataOf(data string) (string, error) {
	if data == "" {
		return "", errors.New("--data is missing: name the data directory of the server; `vitrine serve --dev` prints its own")
	}
	if _, err := os.Stat(data); err != nil {
		return "", fmt.Errorf("data directory: %w", err)
	}
	return data, nil
}
