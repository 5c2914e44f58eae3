package signaling

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"
)

const (
	codeDigits = 6
	codeSpace  = 1_000_000
	maxCodes   = 20_000 // live codes; with more of them guessing would become cheap
	lockAfter  = 50     // wrong codes within lockSpan, from everybody together
	lockSpan   = time.Minute
	lockFor    = time.Minute
)

// What codes answer.
var (
	errNoCode     = errors.New("signaling: this code is unknown, used or expired")
	errCodesFull  = errors.New("signaling: too many codes are waiting to be used")
	errCodeLocked = errors.New("signaling: codes are locked after too many wrong ones")
)

// A code names a session for a short time. The digits themselves are not kept.
type code struct {
	session string
	expires time.Time
}

// codes are the live codes. A code is single use, and a session has one at a time.
type codes struct {
	life time.Duration
	salt [32]byte // codes are looked up by HMAC, so the time of a look-up tells nothing about the digits of others

	mu     sync.Mutex
	live   map[[32]byte]code
	of     map[string][32]byte // session → its code
	wrong  []time.Time         // the latest wrong ones, at most lockAfter
	locked time.Time           // no code is taken before
}

func newCodes(life time.Duration) *codes {
	c := &codes{life: life, live: map[[32]byte]code{}, of: map[string][32]byte{}}
	rand.Read(c.salt[:])
	return c
}

func (c *codes) hash(digits string) [32]byte {
	mac := hmac.New(sha256.New, c.salt[:])
	mac.Write([]byte(digits))
	return [32]byte(mac.Sum(nil))
}

// issue makes a new code for a session; one it had before is void.
func (c *codes) issue(session string) (digits string, expires time.Time, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(session)
	now := time.Now()
	if len(c.live) >= maxCodes {
		c.purge(now)
	}
	if len(c.live) >= maxCodes {
		return "", time.Time{}, errCodesFull
	}
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(codeSpace))
		if err != nil {
			return "", time.Time{}, err
		}
		digits = fmt.Sprintf("%0*d", codeDigits, n)
		hash := c.hash(digits)
		if old, taken := c.live[hash]; taken && now.Before(old.expires) {
			continue
		} else if taken {
			c.drop(old.session)
		}
		expires = now.Add(c.life).Truncate(time.Second)
		c.live[hash] = code{session, expires}
		c.of[session] = hash
		return digits, expires, nil
	}
}

// redeem uses a code up and gives its session. allowed may refuse the session, for an agent of another site: then the
// code stays good and the answer is that of an unknown one. All refusals but the lock are errNoCode, after the same work.
func (c *codes) redeem(digits string, allowed func(session string) bool) (string, error) {
	hash := c.hash(digits)
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Before(c.locked) {
		return "", errCodeLocked
	}
	found, ok := c.live[hash]
	if !ok || !now.Before(found.expires) || !allowed(found.session) {
		c.count(now)
		return "", errNoCode
	}
	c.drop(found.session)
	return found.session, nil
}

// count counts a wrong code, and locks all codes when there were too many of them.
func (c *codes) count(now time.Time) {
	c.wrong = append(c.wrong, now)
	if len(c.wrong) < lockAfter {
		return
	}
	if now.Sub(c.wrong[0]) <= lockSpan {
		c.locked = now.Add(lockFor)
		c.wrong = c.wrong[:0]
		return
	}
	c.wrong = append(c.wrong[:0], c.wrong[1:]...)
}

// forget voids the code of a session that ended.
func (c *codes) forget(session string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(session)
}

func (c *codes) drop(session string) {
	if hash, ok := c.of[session]; ok {
		delete(c.live, hash)
		delete(c.of, session)
	}
}

func (c *codes) purge(now time.Time) {
	for _, old := range c.live {
		if !now.Before(old.expires) {
			c.drop(old.session)
		}
	}
}
