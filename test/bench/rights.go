package main

import (
	"errors"
	"time"

	"vitrine/internal/access"
	"vitrine/internal/wire"
	"vitrine/sanitizer"
	"vitrine/sfu"
)

// rights measures what it costs to ask who may what: once when somebody joins or the page changes, and for each frame.
func rights(b *bench) error {
	m, err := access.Open("", nil)
	if err != nil {
		return err
	}
	who := access.NewPerson("ada", []string{"agent"}, []string{"north"})
	address := access.Address{Origin: "https://shop.example", URL: []byte("https://shop.example/account/orders")}
	var sink access.Verdict
	var allowed int
	bits := sfu.Rights{Admitted: wire.ScopeView, May: wire.ScopeView | wire.ScopeControl, Granted: wire.ScopeView | wire.ScopeControl, Driver: true}
	frame := wire.FromAgent(&wire.Click{})
	got, err := interleave(
		each(20_000, func() {
			if m.Policies().Decide(who, access.View, "shop", m.Now(false)).Allowed {
				allowed++
			}
		}),
		each(2_000, func() { sink = m.Policies().AtSite(who, "shop", m.Now(false)) }),
		each(2_000, func() { sink = m.Policies().OnPage(who, "shop", address, m.Now(false)) }),
		each(20_000_000, func() {
			if bits.Refuses(sanitizer.NeedScope(frame)) == "" {
				allowed++
			}
		}),
	)
	if err != nil {
		return err
	}
	if sink.May == 0 || allowed == 0 {
		return errors.New("nothing was allowed: something else was measured")
	}
	return b.printAll(
		measured("trust.access.join", got[0]/1000, "µs").limit(10),
		measured("trust.access.site", got[1]/1000, "µs"),
		measured("trust.access.page", got[2]/1000, "µs"),
		measured("trust.access.frame", got[3], "ns").limit(20),
	)
}

// each gives how many nanoseconds one run of a function takes.
func each(n int, do func()) func() (float64, error) {
	return func() (float64, error) {
		begin := time.Now()
		for range n {
			do()
		}
		return float64(time.Since(begin).Nanoseconds()) / float64(n), nil
	}
}
