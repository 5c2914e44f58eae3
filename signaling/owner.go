package signaling

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"vitrine/internal/store"
)

// ownerKind is the kind of the records of owners' keys; their key is site/kid.
const ownerKind = "owner-key"

// jwksKID stands for a site's key set among the ids of its keys. No key can be called so.
const jwksKID = "jwks"

// ownerIssuer is what the tokens of a site's owner name as their issuer. Those of this server name tokenParty.
func ownerIssuer(site string) string { return "site:" + site }

// Records keeps what outlives the process; a store.Store is one.
type Records interface {
	Put(ctx context.Context, r store.Record) (int64, error)
	List(ctx context.Context, f store.Filter) ([]store.Record, error)
	Delete(ctx context.Context, f store.Filter) (int, error)
}

// An ownerKey is a key of a site's owner, or with JWKS the address of a set of them.
type ownerKey struct {
	Site    string `json:"site"`
	KID     string `json:"kid"`
	Alg     string `json:"alg,omitempty"`
	Key     string `json:"key,omitempty"` // PEM
	JWKS    string `json:"jwks,omitempty"`
	Added   int64  `json:"added"`
	Revoked int64  `json:"revoked,omitempty"` // second; a key stays so for ever

	read verifier
	set  *keySet
}

// owners are the keys that owners sign tokens with, by site and id.
type owners struct {
	kept   Records // nil keeps nothing: there are no keys of owners then
	client *http.Client

	mu   sync.Mutex
	keys map[string]map[string]ownerKey
}

// openOwners reads the keys that are kept.
func openOwners(kept Records, client *http.Client) (*owners, error) {
	o := &owners{kept: kept, client: client, keys: map[string]map[string]ownerKey{}}
	if kept == nil {
		return o, nil
	}
	for after := ""; ; {
		records, err := kept.List(context.Background(), store.Filter{Kind: ownerKind, After: after})
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			var k ownerKey
			if err := json.Unmarshal(r.Value, &k); err != nil {
				return nil, err
			}
			if err := o.ready(&k); err != nil {
				return nil, err
			}
			o.put(k)
			after = r.Key
		}
		if len(records) < store.MaxLimit {
			return o, nil
		}
	}
}

// ready reads what a record holds.
func (o *owners) ready(k *ownerKey) (err error) {
	switch {
	case k.JWKS != "":
		k.set = &keySet{url: k.JWKS, client: o.client}
	case k.Key != "":
		k.read, err = parsePublic(k.Key)
	}
	return err
}

func (o *owners) put(k ownerKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.keys[k.Site] == nil {
		o.keys[k.Site] = map[string]ownerKey{}
	}
	o.keys[k.Site][k.KID] = k
}

func (o *owners) get(site, kid string) (ownerKey, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	k, ok := o.keys[site][kid]
	return k, ok
}

// list gives all keys.
func (o *owners) list() (all []ownerKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, keys := range o.keys {
		for _, k := range keys {
			all = append(all, k)
		}
	}
	return all
}

// save keeps a key, then uses it.
func (o *owners) save(ctx context.Context, k ownerKey) error {
	value, err := json.Marshal(k)
	if err != nil {
		return err
	}
	_, err = o.kept.Put(ctx, store.Record{
		Kind: ownerKind, Key: k.Site + "/" + k.KID, Site: k.Site, At: time.Now(), Version: store.AnyVersion, Value: value,
	})
	if err == nil {
		o.put(k)
	}
	return err
}

// find gives the key that a token of an issuer names, or the rule by which there is none.
func (o *owners) find(issuer, kid string) (verifier, string) {
	site, ok := strings.CutPrefix(issuer, ownerIssuer(""))
	if o == nil || !ok {
		return verifier{}, "iss"
	}
	k, registered := o.get(site, kid)
	set, ok := o.get(site, jwksKID)
	switch {
	case registered && k.Revoked != 0:
		return verifier{}, "kid-revoked"
	case registered && k.set == nil:
		return k.read, ""
	case !ok || set.Revoked != 0:
		return verifier{}, "kid-unknown"
	}
	return set.set.find(kid)
}
