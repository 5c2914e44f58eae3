package signaling

import (
	"slices"
	"sync"
	"time"
)

// An entry is what signaling knows of a session beyond what the SFU does.
type entry struct {
	session, site, origin string
	customer              string // subject of the customer
	created               time.Time
}

// An insider is an agent of a session.
type insider struct{ session, subject string }

// A book is the sessions that live on this host.
type book struct {
	mu   sync.Mutex
	live map[string]entry
	who  map[insider]agentID // as they were when they were let in
}

func newBook() *book { return &book{live: map[string]entry{}, who: map[insider]agentID{}} }

// admit remembers who an agent is for as long as the session lives.
func (b *book) admit(session string, a agentID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.live[session]; ok {
		b.who[insider{session, a.subject}] = a
	}
}

func (b *book) agent(session, subject string) (agentID, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, ok := b.who[insider{session, subject}]
	return a, ok
}

func (b *book) add(e entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.live[e.session] = e
}

func (b *book) find(session string) (entry, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.live[session]
	return e, ok
}

// list gives the entries of some sites, oldest first.
func (b *book) list(may func(site string) bool) []entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := []entry{}
	for _, e := range b.live {
		if may(e.site) {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b entry) int { return a.created.Compare(b.created) })
	return list
}

func (b *book) remove(session string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.live, session)
	for in := range b.who {
		if in.session == session {
			delete(b.who, in)
		}
	}
}
