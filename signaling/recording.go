package signaling

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"filippo.io/age"

	"vitrine/internal/audit"
	"vitrine/internal/seal"
	"vitrine/internal/wire"
	"vitrine/sfu"
)

// Recording is how the sessions of a site may be recorded, once their customers consent to that.
type Recording struct {
	Recipients []age.Recipient // whose identities open a recording; nobody else's do, this server's least of all
	Retention  time.Duration   // after which a recording is deleted
}

// maxListed is the most recordings of one answer; oneSegment is how long a client may take for each.
const (
	maxListed  = 100
	oneSegment = 30 * time.Second
)

// recordingRoutes are those of what was recorded.
func (s *Server) recordingRoutes() []route {
	return []route{
		{http.MethodGet, "/v1/recordings", familyAPI, false, 0, s.recordings},
		{http.MethodGet, "/v1/recordings/{recording}", familyAPI, false, 0, s.recording},
		{http.MethodDelete, "/v1/recordings/{recording}", familyAPI, false, 0, s.deleteRecording},
	}
}

// mayAskAt is what an agent of a site may ask a customer for.
func (s *Server) mayAskAt(site Site) wire.Scope {
	if s.recorder(site) == nil {
		return mayAsk
	}
	return mayAsk | wire.ScopeRecord
}

// recorder begins the recordings of a site; nil when it has none.
func (s *Server) recorder(site Site) sfu.Recorder {
	shelf := s.config.Trust.Recordings
	if shelf == nil || site.Record == nil {
		return nil
	}
	return func(session, agent string, told sfu.TapeTold) (sfu.Tape, error) {
		return shelf.Record(seal.Info{Session: session, Site: site.Key, Agent: agent}, site.Record.Recipients, seal.Told(told))
	}
}

// Retention is how long recordings of a site are kept. Those of a site that records no more stay as long as the longest.
func (s *Server) Retention(site string) time.Duration {
	var longest time.Duration
	for _, other := range s.sites {
		if other.Record != nil {
			longest = max(longest, other.Record.Retention)
		}
	}
	if r := s.sites[site].Record; r != nil {
		return r.Retention
	}
	return longest
}

// A recordingRow is one recording as it is listed.
type recordingRow struct {
	Recording string `json:"recording"`
	Session   string `json:"session"`
	Site      string `json:"site"`
	Agent     string `json:"agent"`
	Begun     int64  `json:"begun"`
	Ended     int64  `json:"ended,omitempty"`
	End       string `json:"end,omitempty"`
	Segments  uint32 `json:"segments"`
	Bytes     int64  `json:"bytes"`
}

// recordings lists the recordings of the sites where an agent may read what is kept, or delete it.
func (s *Server) recordings(w http.ResponseWriter, r *http.Request) error {
	agent, err := s.agent(r)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	limit := maxListed
	if text := query.Get("limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxListed {
			return problemQuery
		}
	}
	body := struct {
		Recordings []recordingRow `json:"recordings"`
		Cursor     string         `json:"cursor,omitempty"`
	}{Recordings: []recordingRow{}}
	if s.config.Trust.Recordings == nil {
		return writeJSON(w, http.StatusOK, body)
	}
	session := query.Get("session")
	list, err := s.config.Trust.Recordings.List(r.Context(), query.Get("cursor"), limit, func(i seal.Info) bool {
		return agent.is(i.Site, RoleAuditor, RoleAdmin) && (session == "" || session == i.Session)
	})
	if err != nil {
		return err
	}
	for _, i := range list {
		row := recordingRow{i.ID, i.Session, i.Site, i.Agent, i.Begun.Unix(), 0, i.End, i.Segments, i.Bytes}
		if !i.Ended.IsZero() {
			row.Ended = i.Ended.Unix()
		}
		body.Recordings = append(body.Recordings, row)
	}
	if len(list) == limit {
		body.Cursor = list[limit-1].ID
	}
	return writeJSON(w, http.StatusOK, body)
}

// kept finds the recording of a request for an agent who has one of some roles at its site. Who has none is told that there is
// no such recording; both outcomes are written down.
func (s *Server) kept(r *http.Request, event string, roles ...string) (agentID, seal.Info, error) {
	agent, err := s.agent(r)
	if err != nil {
		return agent, seal.Info{}, err
	}
	if s.config.Trust.Recordings == nil {
		return agent, seal.Info{}, problemRecording
	}
	info, err := s.config.Trust.Recordings.Find(r.Context(), r.PathValue("recording"))
	if errors.Is(err, seal.ErrNone) {
		return agent, info, problemRecording
	}
	if err != nil {
		return agent, info, err
	}
	if !agent.is(info.Site, roles...) {
		s.audit(audit.Event{
			Name: event, Recording: info.ID, Session: info.Session, Site: info.Site, Subject: agent.subject, Outcome: "refused", Rule: "role",
		})
		return agent, info, problemRecording
	}
	return agent, info, nil
}

// recording gives the sealed segments of a recording in one archive. The server cannot look inside.
func (s *Server) recording(w http.ResponseWriter, r *http.Request) error {
	agent, info, err := s.kept(r, "recording.opened", RoleAuditor)
	if err != nil {
		return err
	}
	if s.config.Trust.Auditing() != nil {
		return problemAudit
	}
	s.audit(audit.Event{
		Name: "recording.opened", Recording: info.ID, Session: info.Session, Site: info.Site, Role: RoleAuditor, Subject: agent.subject, Outcome: "allowed",
	})
	w.Header().Set("Content-Type", "application/x-tar")
	w.Header().Set("Content-Disposition", `attachment; filename="recording-`+info.ID+`.tar"`)
	if r.Method == http.MethodHead {
		return nil
	}
	control := http.NewResponseController(w)
	err = s.config.Trust.Recordings.Pack(w, info, func() {
		// A connection without such a clock is a test's.
		_ = control.SetWriteDeadline(time.Now().Add(oneSegment))
	})
	if err != nil {
		s.config.Logger.Warn("a recording was not sent whole", "request", requestID(r), "recording", info.ID)
		panic(http.ErrAbortHandler) // half an archive must not look like a whole one
	}
	return nil
}

// deleteRecording takes a recording away for good.
func (s *Server) deleteRecording(w http.ResponseWriter, r *http.Request) error {
	agent, info, err := s.kept(r, "recording.deleted", RoleAdmin)
	if err != nil {
		return err
	}
	err = s.config.Trust.Recordings.Delete(r.Context(), info, audit.Event{Role: RoleAdmin, Subject: agent.subject, Rule: "request"})
	if errors.Is(err, seal.ErrLive) {
		return problemRecorded
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
