package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// A session is what the server gives to whoever checks it.
type session struct {
	ID    string `json:"session"`
	Token string `json:"token"` // for the next call: each is good once
	ICE   []struct {
		URLs                 []string
		Username, Credential string
	}
	urls []turnURL
}

// open begins a session. An error is one of the kind that leaves nothing to check.
func (c *checker) open(ctx context.Context) error {
	body, err := json.Marshal(map[string]string{"token": c.config.Token})
	if c.config.Token == "" {
		body = []byte("{}")
	}
	if err != nil {
		return errors.Join(ErrRun, err)
	}
	answer, err := c.call(ctx, call{http.MethodPost, "/v1/checks", "application/json", body})
	var refused *refusal
	switch {
	case errors.As(err, &refused) && refused.status == http.StatusUnauthorized && c.config.Token == "":
		return fmt.Errorf("%w: this server wants a token: make one there with `vitrine token check --data DIR --subject me` and give it with --token", ErrRun)
	case errors.As(err, &refused) && refused.status == http.StatusUnauthorized:
		return fmt.Errorf("%w: the token is used up, older than ten minutes, or of another server: make another", ErrRun)
	case errors.As(err, &refused) && refused.location != "":
		c.add(Step{
			Name: "session", Result: Failed, Detail: fmt.Sprintf("%d, the server is at %s", refused.status, refused.location),
			Cause: "this address leads browsers to another one", Remedy: "use https: vitrine turn check " + refused.location,
		})
		return nil
	case errors.As(err, &refused):
		c.add(Step{
			Name: "session", Result: Failed, Detail: "POST /v1/checks: " + refused.Error(),
			Cause: "the server does not take sessions now, or another program answers here", Remedy: "look at /readyz and at the server's log",
		})
		return nil
	case err == nil:
		err = json.Unmarshal(answer, &c.session)
	}
	if err != nil {
		c.add(Step{
			Name: "session", Result: Failed, Detail: said(err),
			Cause: "what answers on this port is not this server, or it stopped", Remedy: "look at the address, and at what stands before the server",
		})
		return nil
	}
	var names []string
	for _, server := range c.session.ICE {
		for _, raw := range server.URLs {
			u, err := parseURL(raw)
			if err != nil {
				c.add(Step{Name: "session", URL: raw, Result: Failed, Detail: "not a TURN URL", Cause: said(err), Remedy: "look at turn.host"})
				continue
			}
			u.user, u.pass = server.Username, server.Credential
			c.session.urls = append(c.session.urls, u)
			names = append(names, raw)
		}
	}
	c.add(Step{Name: "session", Detail: "opened; TURN: " + strings.Join(names, " ")})
	return nil
}

// end ends the session.
func (c *checker) end(ctx context.Context) error {
	_, err := c.call(ctx, call{http.MethodDelete, "/v1/sessions/" + c.session.ID, "", nil})
	return err
}

// connect has an offer answered.
func (c *checker) connect(ctx context.Context, offer string) (answer string, err error) {
	b, err := c.call(ctx, call{http.MethodPost, "/v1/sessions/" + c.session.ID + "/connections", "application/sdp", []byte(offer)})
	return string(b), err
}

// A refusal is an answer that is not a success.
type refusal struct {
	status   int
	detail   string
	location string // origin that it leads to; empty for none
}

// Error is the status and what the server said.
func (r *refusal) Error() string { return fmt.Sprintf("%d %s", r.status, r.detail) }

type call struct {
	method, path, kind string
	body               []byte
}

// call calls the API with the newest token, and keeps the next one.
func (c *checker) call(ctx context.Context, what call) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, what.method, c.report.Base+what.path, bytes.NewReader(what.body))
	if err != nil {
		return nil, err
	}
	if what.kind != "" {
		request.Header.Set("Content-Type", what.kind)
	}
	if c.session.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.session.Token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if next := response.Header.Get("Vitrine-Token"); next != "" {
		c.session.Token = next
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		var problem struct{ Detail string }
		_ = json.Unmarshal(answer, &problem) // what is not JSON has no detail
		return nil, &refusal{response.StatusCode, problem.Detail, elsewhere(response)}
	}
	return answer, nil
}

// elsewhere is the origin over TLS that an answer leads to, if it does.
func elsewhere(answer *http.Response) string {
	to, err := answer.Location()
	if err != nil || answer.StatusCode/100 != 3 || to.Scheme != "https" {
		return ""
	}
	return to.Scheme + "://" + to.Host
}
