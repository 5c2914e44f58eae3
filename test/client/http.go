package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Session is what the server gives to somebody who opens a session or redeems a code.
type Session struct {
	Session string `json:"session"`
	Code    string `json:"code"`
	Token   string `json:"token"`
	ICE     []struct {
		URLs       []string `json:"urls"`
		Username   string   `json:"username"`
		Credential string   `json:"credential"`
	} `json:"ice"`
}

// OpenSession opens a session for a site key, as the SDK on a page of that origin does.
func OpenSession(ctx context.Context, base, siteKey, origin string) (Session, error) {
	body, err := json.Marshal(map[string]string{"siteKey": siteKey})
	if err != nil {
		return Session{}, err
	}
	header := http.Header{"Origin": {origin}, "Content-Type": {"application/json"}}
	return session(ctx, base+"/v1/sessions", header, body)
}

// RedeemCode joins a session by its code, with an agent token.
func RedeemCode(ctx context.Context, base, code, token string) (Session, error) {
	return session(ctx, base+"/v1/codes/"+code, http.Header{"Authorization": {"Bearer " + token}}, nil)
}

func session(ctx context.Context, url string, header http.Header, body []byte) (s Session, err error) {
	answer, err := post(ctx, url, header, body)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(answer, &s)
}

// DialHTTP posts the offer to a server. origin may be empty for an agent.
func DialHTTP(base string, s Session, origin string) Dial {
	return func(ctx context.Context, offer string) (string, error) {
		header := http.Header{"Authorization": {"Bearer " + s.Token}, "Content-Type": {"application/sdp"}}
		if origin != "" {
			header.Set("Origin", origin)
		}
		answer, err := post(ctx, base+"/v1/sessions/"+s.Session+"/connections", header, []byte(offer))
		return string(answer), err
	}
}

func post(ctx context.Context, url string, header http.Header, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusCreated {
		return nil, fmt.Errorf("client: %s: %s", response.Status, strings.TrimSpace(string(answer)))
	}
	return answer, nil
}
