package vrelay

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Row 20: a kick closes all relays of one session and of no other.
func TestGuard20_Kick(t *testing.T) {
	h := hub(t, Config{PerSession: 100, PerName: 100})
	var gone sync.WaitGroup
	for range 50 {
		gone.Add(1)
		if _, err := h.Open(Owner{Session: "a", Name: "n"}, func(Use) { gone.Done() }); err != nil {
			t.Fatal(err)
		}
	}
	other := open(t, h, "b")
	if n := h.Kick("a"); n != 50 {
		t.Errorf("kicked %d of 50", n)
	}
	gone.Wait()
	if h.Stats()["allocations"] != 1 || other.isClosed() {
		t.Error("the other session's relay is gone")
	}
	if len(h.byName) != 1 || len(h.bySess) != 1 {
		t.Error("a kicked session is still in the tables")
	}
	if h.Kick("a") != 0 {
		t.Error("kicked something twice")
	}
}

func TestQuotas(t *testing.T) {
	h := hub(t, Config{PerName: 2, PerSession: 3, Total: 4})
	for i, c := range []struct {
		owner Owner
		want  error
	}{
		{Owner{Session: "a", Name: "1"}, nil}, {Owner{Session: "a", Name: "1"}, nil}, {Owner{Session: "a", Name: "1"}, ErrQuota}, {Owner{Session: "a", Name: "2"}, nil},
		{Owner{Session: "a", Name: "3"}, ErrQuota}, {Owner{Session: "b", Name: "4"}, nil}, {Owner{Session: "b", Name: "5"}, ErrFull}, {Owner{Session: "", Name: "5"}, ErrOwner}, {Owner{Session: "b", Name: ""}, ErrOwner},
	} {
		if got := h.Room(c.owner); !errors.Is(got, c.want) && c.want != ErrOwner {
			t.Errorf("case %d: Room disagrees with Open", i)
		}
		if _, err := h.Open(c.owner, nil); !errors.Is(err, c.want) {
			t.Errorf("case %d: %v, want %v", i, err, c.want)
		}
	}
}

func TestAddressesComeOnceEach(t *testing.T) {
	h := hub(t, Config{Prefix: netip.MustParsePrefix("198.51.100.8/30")})
	seen := map[netip.AddrPort]bool{}
	held := open(t, h, "held")
	seen[held.addr] = true
	for range 2*portSpan - 1 {
		r := open(t, h, "s")
		if seen[r.addr] || !h.Prefix().Contains(r.addr.Addr()) || r.addr.Port() < firstPort {
			t.Fatalf("address %d of the sequence is used again or outside", len(seen))
		}
		seen[r.addr] = true
		_ = r.Close()
	}
	if next := open(t, h, "s"); next.addr == held.addr {
		t.Error("after the whole prefix, a held address was given again")
	}
}

func TestQueuesAreBounded(t *testing.T) {
	h := hub(t, Config{Queue: 8})
	c := sfu(t, h, nil)
	r := open(t, h, "s")
	r.answered.Store(true)
	for range 20 {
		_, _ = r.WriteTo([]byte("up"), h.peer)
		_, _ = c.WriteTo([]byte("down"), r.LocalAddr())
	}
	stats := h.Stats()
	if stats["packets_up"] != 8 || stats["dropped_queue_up"] != 12 || stats["packets_down"] != 8 || stats["dropped_queue_down"] != 12 {
		t.Errorf("%v", stats)
	}
	if stats["queue_high_water"] != 8 {
		t.Errorf("high water %d", stats["queue_high_water"])
	}
	_, _ = r.WriteTo(make([]byte, maxDatagram+1), h.peer)
	_, _ = c.WriteTo(make([]byte, maxDatagram+1), r.LocalAddr())
	if h.Stats()["dropped_oversized"] != 2 {
		t.Error("an oversized datagram was cut instead of dropped")
	}
	_ = r.Close()
	_, _ = c.WriteTo([]byte("late"), r.LocalAddr())
	_, _ = c.WriteToAddrPort([]byte("out"), netip.MustParseAddrPort("192.0.2.1:9"))
	if s := h.Stats(); s["dropped_no_relay"] != 1 || s["dropped_no_socket"] != 1 {
		t.Errorf("%v", s)
	}
}

func TestConfig(t *testing.T) {
	for name, c := range map[string]Config{
		"nothing":         {},
		"no port":         {Pinned: netip.MustParseAddrPort("203.0.113.7:0")},
		"IPv6":            {Pinned: netip.MustParseAddrPort("[2001:db8::1]:443")},
		"unspecified":     {Pinned: netip.MustParseAddrPort("0.0.0.0:443")},
		"inside prefix":   {Pinned: netip.MustParseAddrPort("198.51.100.1:443")},
		"IPv6 prefix":     {Pinned: pinned(), Prefix: netip.MustParsePrefix("2001:db8::/64")},
		"too small":       {Pinned: pinned(), Prefix: netip.MustParsePrefix("198.51.100.0/31")},
		"too large":       {Pinned: pinned(), Prefix: netip.MustParsePrefix("0.0.0.0/0")},
		"negative limits": {Pinned: pinned(), Queue: -1},
	} {
		if _, err := NewHub(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	h := hub(t, Config{Pinned: netip.MustParseAddrPort("[::ffff:203.0.113.7]:443")})
	if h.Pinned() != pinned() || h.Prefix() != DefaultPrefix() {
		t.Error("defaults")
	}
	sfu(t, h, nil)
	if _, err := h.SFUConn(nil); err == nil {
		t.Error("a second SFU connection was made")
	}
}

// Random opening, closing, kicking and writing from many goroutines leaves
// nothing behind; run with -race it shows that the hub is safe to share.
func TestRandomUse(t *testing.T) {
	h := hub(t, Config{Queue: 4, PerName: 50, PerSession: 50})
	c := sfu(t, h, loopback(t))
	done := make(chan struct{})
	go func() { echo(c); close(done) }()
	var users sync.WaitGroup
	for user := range 8 {
		users.Go(func() {
			dice := rand.New(rand.NewPCG(uint64(user), 1))
			session := strconv.Itoa(user % 3)
			var mine []*Relay
			for range 2000 {
				switch dice.IntN(8) {
				case 0:
					if r, err := h.Open(Owner{Session: session, Name: session}, nil); err == nil {
						mine = append(mine, r)
					}
				case 1:
					h.Kick(strconv.Itoa(dice.IntN(3)))
				case 2:
					if len(mine) > 0 {
						_ = mine[dice.IntN(len(mine))].Close()
					}
				case 3:
					if len(mine) > 0 {
						r := mine[dice.IntN(len(mine))]
						_ = r.SetReadDeadline(time.Unix(1, 0))
						_, _, _ = r.ReadFrom(make([]byte, 64))
					}
				default:
					if len(mine) > 0 {
						_, _ = mine[dice.IntN(len(mine))].WriteTo(make([]byte, dice.IntN(100)), h.peer)
					}
				}
			}
		})
	}
	users.Wait()
	_ = h.Close()
	_ = c.Close()
	<-done
	if len(h.relays) != 0 || len(h.byName) != 0 || len(h.bySess) != 0 {
		t.Error("the tables are not empty")
	}
	if s := h.Stats(); s["opened"] != s["closed"] {
		t.Errorf("%d opened, %d closed", s["opened"], s["closed"])
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	h := hub(b, Config{})
	c := sfu(b, h, loopback(b))
	r := open(b, h, "s")
	r.answered.Store(true)
	go echo(c)
	payload, buf := make([]byte, 1200), make([]byte, maxDatagram)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = r.WriteTo(payload, h.peer)
		if _, _, err := r.ReadFrom(buf); err != nil {
			b.Fatal(err)
		}
	}
}
