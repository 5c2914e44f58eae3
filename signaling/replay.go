package signaling

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxSeen bounds the memory of token ids: about 20 MB. Filling it takes that many valid tokens within ten minutes.
const maxSeen = 1 << 18

// A replay remembers the ids of tokens that were used, until they expire on their own.
type replay struct {
	most int // of ids; beyond it tokens are refused rather than ids forgotten

	mu    sync.Mutex
	seen  map[[16]byte]int64 // hash of the id → second after which the token is expired anyway
	sweep int64              // when expired ids are looked for next
}

func newReplay(most int) *replay { return &replay{most: most, seen: map[[16]byte]int64{}} }

// use marks an id as used. fresh is false when it was used before; room is false when there is no memory to tell.
func (r *replay) use(id string, expires, now time.Time) (fresh, room bool) {
	sum := sha256.Sum256([]byte(id))
	hash := [16]byte(sum[:])
	r.mu.Lock()
	defer r.mu.Unlock()
	if second := now.Unix(); second >= r.sweep || len(r.seen) >= r.most {
		for hash, end := range r.seen {
			if end < second {
				delete(r.seen, hash)
			}
		}
		r.sweep = second + 60
	}
	if _, used := r.seen[hash]; used {
		return false, true
	}
	if len(r.seen) >= r.most {
		return true, false
	}
	r.seen[hash] = expires.Add(tokenLeeway).Unix()
	return true, true
}
