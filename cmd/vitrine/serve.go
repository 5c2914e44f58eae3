package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vitrine/signaling"
)

// stopTime is how long requests that are being answered may take when the server stops.
const stopTime = 5 * time.Second

func serveCommand() *cobra.Command {
	var flags serveFlags
	cmd := &cobra.Command{
		Use: "serve", Short: "Serve everything: API, WebRTC, TURN, console", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.read(cmd)
			if err != nil {
				return err
			}
			if err := wipeFreed(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return serve(ctx, stop, c, output{cmd.OutOrStdout(), cmd.ErrOrStderr(), flags.json})
		},
	}
	flags.add(cmd)
	return cmd
}

// An output is where serve writes to: links to out, log lines to log.
type output struct {
	out, log io.Writer
	json     bool
}

// serve runs the server until ctx ends, then ends all sessions and stops. A second signal stops it at once.
func serve(ctx context.Context, secondSignal func(), c *config, o output) error {
	logger := slog.New(slog.NewJSONHandler(o.log, nil))
	if err := harden(logger); err != nil {
		return err
	}
	h, err := start(c, logger)
	if err != nil {
		return err
	}
	if err := h.announce(o); err != nil {
		return errors.Join(err, h.stop())
	}
	logger.Info("ready", "version", version())
	select {
	case <-ctx.Done():
		logger.Info("stopping", "sessions", len(h.sfu.List()))
		secondSignal()
	case err = <-h.failed:
	}
	return errors.Join(err, h.stop())
}

// A links is where everything is, in the order in which --json prints it.
type links struct {
	Base    string   `json:"base"`
	Console string   `json:"console"`
	Demo    string   `json:"demo"`
	UDP     string   `json:"udp"` // with commas between several
	ICETCP  string   `json:"ice_tcp,omitempty"`
	Turn    []string `json:"turn"`
}

// announce prints where everything is.
func (h *host) announce(o output) error {
	l := links{Base: h.base, Console: h.base + "/console/", UDP: off, ICETCP: h.iceTCP, Turn: append([]string{}, h.turnURLs()...)}
	var sockets []string
	for _, udp := range h.udp {
		sockets = append(sockets, udp.LocalAddr().String())
	}
	if len(sockets) > 0 {
		l.UDP = strings.Join(sockets, ",")
	}
	if h.config.dev {
		l.Demo = h.base + "/demo/"
		claims := signaling.Claims{Site: signaling.DevSite().Key, Name: "Ada Agent", Roles: signaling.Roles()}
		claims.Subject = "dev-agent"
		token, _, err := h.tokens.Mint(signaling.KindAgent, claims, signaling.MaxTokenLife)
		if err != nil {
			return err
		}
		l.Console += "#token=" + token // a fragment is not sent to any server
	}
	if o.json {
		return json.NewEncoder(o.out).Encode(l)
	}
	lines := "shop     " + l.Demo + "\n"
	if !h.config.dev {
		lines = ""
	}
	lines += "console  " + l.Console + "\n" +
		"docs     " + h.base + "/docs/\n" +
		"data     " + h.config.Data + "\n"
	if h.config.dev {
		lines += "\nThe console link signs in once and within ten minutes. Another one: \n" +
			"  vitrine token agent --data " + h.config.Data + " --subject me   → " + h.base + "/console/#token=…\n"
	}
	_, err := fmt.Fprint(o.out, lines)
	return err
}
