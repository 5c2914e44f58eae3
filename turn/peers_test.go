package turn

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"vitrine/turn/udpsock"
)

// Two real peers: a client that may use the relay only, and an SFU whose ICE
// mux is the hub's SFUConn.
func TestRelayOnlyPeers(t *testing.T) {
	for _, c := range []struct {
		name, transport string
		socket          bool
	}{
		{"udp", "udp", true},
		{"tcp", "tcp", true},
		{"udp, SFU without a socket", "udp", false},
		{"tcp, no UDP in the process", "tcp", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			leakFree(t)
			var real net.PacketConn
			pinned := netip.MustParseAddrPort("203.0.113.7:443")
			if c.socket {
				s, err := udpsock.Listen("udp4", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				real, pinned = s, addrPort(s.LocalAddr())
			}
			b := startOn(t, real, pinned, func(config *Config) {
				if !c.socket && c.transport == "tcp" {
					config.UDP = nil
				}
			})
			sockets := udpSockets(t)
			channel, pair := connect(t, b, c.transport)
			for i := range 200 {
				want := strings.Repeat("x", 1+i*5) + strconv.Itoa(i)
				if err := channel.SendText(want); err != nil {
					t.Fatal(err)
				}
				if got := <-pair.echoes; got != want {
					t.Fatalf("echo %d differs", i)
				}
			}
			if pair.local != webrtc.ICECandidateTypeRelay || pair.remote != webrtc.ICECandidateTypeHost {
				t.Errorf("the pair is %v to %v", pair.local, pair.remote)
			}
			// The client's own socket is all that UDP adds.
			want := sockets
			if c.transport == "udp" {
				want++
			}
			if got := udpSockets(t); got != want {
				t.Errorf("%d UDP sockets, want %d", got, want)
			}
			if !c.socket && c.transport == "tcp" && sockets != 0 {
				t.Errorf("%d UDP sockets where none is allowed", sockets)
			}
			if s := b.Stats(); s["dropped_other_peer"] != 0 || s["allocations"] != 1 {
				t.Errorf("%v", s)
			}
		})
	}
}

type pairing struct {
	local, remote webrtc.ICECandidateType
	echoes        chan string
}

func api(t *testing.T, change func(*webrtc.SettingEngine)) *webrtc.API {
	t.Helper()
	var se webrtc.SettingEngine
	se.LoggerFactory = &quiet{}
	se.SetIncludeLoopbackCandidate(true)
	se.SetRelayAcceptanceMinWait(0)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeTCP4})
	change(&se)
	return webrtc.NewAPI(webrtc.WithSettingEngine(se), webrtc.WithMediaEngine(&webrtc.MediaEngine{}),
		webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
}

// connect brings up both peers and waits for the channel.
func connect(t *testing.T, b *bench, transport string) (*webrtc.DataChannel, *pairing) {
	t.Helper()
	mux := webrtc.NewICEUDPMux(&quiet{}, b.sfu)
	server, err := api(t, func(se *webrtc.SettingEngine) { se.SetICEUDPMux(mux) }).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	user, pass, _ := b.Credentials("s1", "customer")
	client, err := api(t, func(*webrtc.SettingEngine) {}).NewPeerConnection(webrtc.Configuration{
		ICETransportPolicy: webrtc.ICETransportPolicyRelay,
		ICEServers:         []webrtc.ICEServer{{URLs: []string{"turn:" + b.at(t, transport) + "?transport=" + transport}, Username: user, Credential: pass}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(client.Close(), server.Close(), mux.Close()); err != nil {
			t.Error(err)
		}
	})
	negotiated, id := true, uint16(0)
	config := &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id}
	ours, err := client.CreateDataChannel("ctl", config)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := server.CreateDataChannel("ctl", config)
	if err != nil {
		t.Fatal(err)
	}
	theirs.OnMessage(func(m webrtc.DataChannelMessage) { _ = theirs.Send(m.Data) }) // a lost echo fails the test
	p := &pairing{echoes: make(chan string, 1)}
	ours.OnMessage(func(m webrtc.DataChannelMessage) { p.echoes <- string(m.Data) })
	open := make(chan struct{})
	ours.OnOpen(func() { close(open) })
	negotiate(t, client, server, b.hub.Pinned())
	select {
	case <-open:
	case <-time.After(10 * time.Second):
		t.Fatalf("no channel: client %v, server %v, %v", client.ICEConnectionState(), server.ICEConnectionState(), b.Stats())
	}
	selected, err := client.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || selected == nil {
		t.Fatal("no selected pair", err)
	}
	p.local, p.remote = selected.Local.Typ, selected.Remote.Typ
	return ours, p
}

// negotiate exchanges the descriptions whole; the server's candidates are all in its answer.
func negotiate(t *testing.T, client, server *webrtc.PeerConnection, pinned netip.AddrPort) {
	t.Helper()
	describe := func(from, to *webrtc.PeerConnection, make func() (webrtc.SessionDescription, error)) string {
		gathered := webrtc.GatheringCompletePromise(from)
		d, err := make()
		if err == nil {
			err = from.SetLocalDescription(d)
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-gathered:
		case <-time.After(10 * time.Second):
			t.Fatal("gathering does not end")
		}
		d = *from.LocalDescription()
		if err := to.SetRemoteDescription(d); err != nil {
			t.Fatal(err)
		}
		return d.SDP
	}
	describe(client, server, func() (webrtc.SessionDescription, error) { return client.CreateOffer(nil) })
	answer := describe(server, client, func() (webrtc.SessionDescription, error) { return server.CreateAnswer(nil) })
	at := pinned.Addr().String() + " " + strconv.Itoa(int(pinned.Port())) + " typ host"
	if n := strings.Count(answer, "a=candidate:"); n == 0 || n != strings.Count(answer, at) {
		t.Fatalf("the SFU names %d candidates, want only the pinned one", n)
	}
}

// udpSockets counts the UDP sockets of this process.
func udpSockets(t *testing.T) (n int) {
	t.Helper()
	table := ""
	for _, family := range []string{"udp", "udp6"} {
		b, err := os.ReadFile("/proc/self/net/" + family)
		if err == nil {
			table += string(b)
		}
	}
	if table == "" {
		t.Skip("needs /proc to count sockets")
	}
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		inode, isSocket := strings.CutPrefix(strings.TrimSuffix(target, "]"), "socket:[")
		if err == nil && isSocket && strings.Contains(table, " "+inode+" ") {
			n++
		}
	}
	return n
}
