package access

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Manager holds the policies that are in force. It is safe for concurrent use.
type Manager struct {
	file    string // "" for the default policy
	zone    *time.Location
	current atomic.Pointer[Policies]

	mu   sync.Mutex
	seen string // the digest, or the error, of what was read last
}

// Open reads the policies of a file, or the default ones when it has no name. zone is where working hours are counted; nil
// means UTC.
func Open(file string, zone *time.Location) (*Manager, error) {
	if zone == nil {
		zone = time.UTC
	}
	m := &Manager{file: file, zone: zone}
	p, err := m.read()
	if err != nil {
		return nil, err
	}
	m.seen = p.digest
	m.current.Store(p)
	return m, nil
}

func (m *Manager) read() (*Policies, error) {
	if m.file == "" {
		return Parse("default policy", defaultText)
	}
	return Load(m.file)
}

// Load reads a policy file.
func Load(name string) (*Policies, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("access policy: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxPolicy+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("access policy: %w", err)
	}
	return Parse(name, text)
}

// Reload reads the file anew. news is false when there is nothing new to say: the file is as it was, or as broken as it was.
// With an error the policies from before stay in force.
func (m *Manager) Reload() (news bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, err := m.read()
	saw := ""
	if err != nil {
		saw = err.Error()
	} else {
		saw = p.digest
	}
	news = saw != m.seen
	m.seen = saw
	if err == nil && p.digest != m.current.Load().digest {
		m.current.Store(p)
	}
	return news, err
}

// Policies are those in force.
func (m *Manager) Policies() *Policies { return m.current.Load() }

// Now is the moment as policies see it.
func (m *Manager) Now(recording bool) Moment { return Moment{time.Now().In(m.zone), recording} }
