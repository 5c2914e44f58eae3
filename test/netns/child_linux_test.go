package netns

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"vitrine/internal/wire"
	"vitrine/test/client"
)

// role is the environment variable that makes a process of this test one of the people.
const role = "VITRINE_NETNS_ROLE"

const (
	server = "https://10.3.0.2"
	origin = "https://shop.example"
	every  = 50 * time.Millisecond // between the customer's changes
)

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "customer":
		err = beCustomer()
	case "agent":
		err = beAgent()
	}
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

// link is somebody's place in a session, with a token for the next connection.
type link struct {
	session client.Session
	origin  string
}

// dial asks for a connection.
func (l *link) dial(ctx context.Context, offer string) (string, error) {
	url := server + "/v1/sessions/" + l.session.Session + "/connections"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(offer))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+l.session.Token)
	request.Header.Set("Content-Type", "application/sdp")
	if l.origin != "" {
		request.Header.Set("Origin", l.origin)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || response.StatusCode != http.StatusCreated {
		return "", errors.Join(err, errors.New(response.Status))
	}
	if token := response.Header.Get("Vitrine-Token"); token != "" {
		l.session.Token = token
	}
	return string(answer), nil
}

func (l *link) connect(ctx context.Context, c client.Config) (*client.Client, error) {
	c.Networks = []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6}
	for _, ice := range l.session.ICE {
		c.Servers = append(c.Servers, webrtc.ICEServer{URLs: ice.URLs, Username: ice.Username, Credential: ice.Credential})
	}
	began := time.Now()
	cl, err := client.Connect(ctx, c, l.dial)
	if err != nil {
		return nil, err
	}
	fmt.Println("open", time.Since(began).Milliseconds(), path(cl))
	return cl, cl.Hello()
}

// path says how a connection goes: "udp host", "tcp host", "udp relay".
func path(c *client.Client) string {
	pair, err := c.PC.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return "unknown unknown"
	}
	family := "ipv4"
	if strings.Contains(pair.Remote.Address, ":") {
		family = "ipv6"
	}
	kind := "direct"
	if pair.Local.Typ == webrtc.ICECandidateTypeRelay {
		kind = "relay"
	}
	return fmt.Sprintf("%s-%s-%s", kind, pair.Local.Protocol, family)
}

// beCustomer shares a page that changes all the time: each change says when it was made.
func beCustomer() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	session, err := client.OpenSession(ctx, server, "shop", origin)
	if err != nil {
		return err
	}
	fmt.Println("code", session.Code)
	l := &link{session: session, origin: origin}
	shared := make(chan uint32, 8)
	c, err := l.share(ctx, shared)
	if err != nil {
		return err
	}
	moves := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			moves <- struct{}{}
		}
		os.Exit(0) // the test is over
	}()
	var epoch uint32
	tick := time.NewTicker(every)
	for seq := uint32(0); ; {
		select {
		case <-moves:
			if c, err = l.move(ctx, c, shared); err != nil {
				return err
			}
			epoch = 0
		case epoch = <-shared:
			seq = 0
			if err := c.Send(client.Snapshot(epoch, stamp())); err != nil {
				return err
			}
		case <-tick.C:
			if epoch == 0 {
				continue
			}
			seq++
			if err := c.Send(client.SetText(epoch, seq, client.FirstParagraph+1, stamp())); err != nil {
				return err
			}
		case <-c.Closed():
			return errors.New("closed")
		}
	}
}

// share connects a customer who consents to everything, and gives the epochs that the page is asked for.
func (l *link) share(ctx context.Context, shared chan<- uint32) (c *client.Client, err error) {
	ready := make(chan struct{})
	defer close(ready)
	return l.connect(ctx, client.Config{On: func(r client.Received) {
		switch f := r.Frame.(type) {
		case *wire.Ask:
			<-ready
			_ = c.Send(&wire.Answer{Ask: f.Ask, Granted: f.Scopes}) // a connection that is gone shows in what does not arrive
		case *wire.Share:
			if f.On {
				shared <- f.Epoch + 1
			}
		case *wire.Resync:
			shared <- f.Epoch + 1
		}
	}})
}

// move makes a new connection for the same session, as a browser does that has lost its address.
func (l *link) move(ctx context.Context, old *client.Client, shared chan<- uint32) (*client.Client, error) {
	http.DefaultClient.CloseIdleConnections()
	if err := old.Close(); err != nil {
		return nil, err
	}
	return l.share(ctx, shared)
}

var mark = []byte("at:")

func stamp() []byte {
	return fmt.Appendf(nil, "at:%d", time.Now().UnixNano())
}

// beAgent prints of every change how old it is when it arrives.
func beAgent() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	session, err := client.RedeemCode(ctx, server, os.Getenv("CODE"), os.Getenv("TOKEN"))
	if err != nil {
		return err
	}
	l := &link{session: session}
	c, err := l.connect(ctx, client.Config{Agent: true, On: func(r client.Received) {
		if r.Err != nil {
			fmt.Println("bad frame", r.Err)
		}
		b, ok := r.Frame.(*wire.Batch)
		if !ok {
			return
		}
		for _, text := range append(b.Literals, b.Strings...) {
			if after, ok := bytes.CutPrefix(text.Text, mark); ok {
				if made, err := strconv.ParseInt(string(after), 10, 64); err == nil {
					fmt.Println("seen", time.Now().UnixNano(), made)
				}
			}
		}
	}})
	if err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // the test is over
	}()
	<-c.Closed()
	return errors.New("closed")
}
