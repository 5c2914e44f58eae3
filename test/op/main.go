// Command op is an OpenID provider for the tests in a browser: zitadel's example, on a free port of the loopback. It prints its
// issuer, and runs until its input ends. Its one client is "vitrine"; its person is "test-user@127.0.0.1", password "verysecure".
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// anyPort is the example's storage, whose client may be sent back to any port of the loopback: the server has a free one.
type anyPort struct{ *storage.Storage }

// A client is one of the example's.
type client struct{ op.Client }

// RedirectURIGlobs are the addresses that people may be sent back to.
func (client) RedirectURIGlobs() []string { return []string{"http://127.0.0.1:*/console/"} }

// PostLogoutRedirectURIGlobs are none: nobody signs out by the provider.
func (client) PostLogoutRedirectURIGlobs() []string { return nil }

// GetClientByClientID gives the client.
func (s anyPort) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	found, err := s.Storage.GetClientByClientID(ctx, id)
	if err != nil {
		return nil, err
	}
	return client{found}, nil
}

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := "http://" + listener.Addr().String()
	clients := map[string]*storage.Client{"vitrine": storage.WebClient("vitrine", "secret", "http://127.0.0.1/console/")}
	kept := anyPort{storage.NewStorageWithClients(storage.NewUserStore(issuer), clients)}
	server := &http.Server{
		Handler:           exampleop.SetupServer(issuer, kept, slog.New(slog.DiscardHandler), false),
		ReadHeaderTimeout: 5 * time.Second,
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if _, err := fmt.Println(issuer); err != nil {
		return err
	}
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
