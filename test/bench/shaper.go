package main

import (
	"net"
	"sync/atomic"
	"time"
)

// shaper is a slow line: a UDP proxy for one client, with a rate, a delay and a bounded queue in each direction.
type shaper struct {
	rate  float64       // bytes a second
	delay time.Duration // of each way
	queue float64       // bytes that wait; what is more is lost
	front *net.UDPConn  // where the client sends to
	back  *net.UDPConn  // connected to the server
	from  atomic.Pointer[net.UDPAddr]
}

// newShaper puts a line before a server.
func newShaper(server *net.UDPAddr, rate, queue float64, delay time.Duration) (*shaper, error) {
	s := &shaper{rate: rate, delay: delay, queue: queue}
	var err error
	if s.front, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		return nil, err
	}
	if s.back, err = net.DialUDP("udp4", nil, server); err != nil {
		_ = s.front.Close()
		return nil, err
	}
	go s.carry(func(b []byte) (int, error) {
		n, from, err := s.front.ReadFromUDP(b)
		s.from.Store(from)
		return n, err
	}, func(b []byte) { _, _ = s.back.Write(b) }) // what cannot be written is lost, as on a network
	go s.carry(s.back.Read, func(b []byte) {
		if to := s.from.Load(); to != nil {
			_, _ = s.front.WriteToUDP(b, to)
		}
	})
	return s, nil
}

func (s *shaper) close() {
	_ = s.front.Close()
	_ = s.back.Close()
}

// port is the one that clients send to.
func (s *shaper) port() int { return s.front.LocalAddr().(*net.UDPAddr).Port }

// due is a datagram on its way.
type due struct {
	at time.Time
	b  []byte
}

// carry takes datagrams of one direction through the line until a socket is closed.
func (s *shaper) carry(read func([]byte) (int, error), write func([]byte)) {
	way := make(chan due, 4096)
	defer close(way)
	go func() {
		for d := range way {
			time.Sleep(time.Until(d.at))
			write(d.b)
		}
	}()
	buf := make([]byte, 2048)
	free := time.Now()
	for {
		n, err := read(buf)
		if err != nil {
			return
		}
		now := time.Now()
		if free.Before(now) {
			free = now
		}
		if free.Sub(now).Seconds()*s.rate > s.queue {
			continue
		}
		free = free.Add(time.Duration(float64(n) / s.rate * float64(time.Second)))
		way <- due{free.Add(s.delay), append([]byte(nil), buf[:n]...)}
	}
}
