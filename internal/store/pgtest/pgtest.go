// Package pgtest starts a PostgreSQL of its own for tests, from the system's packages, in a folder that is gone afterwards.
// It listens on a socket in that folder and nowhere else.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const startWithin = 60 * time.Second

// Server is a PostgreSQL that runs.
type Server struct {
	dir  string
	cmd  *exec.Cmd
	made atomic.Int64 // databases
}

// ErrNone says that the machine has no PostgreSQL.
var ErrNone = errors.New("PostgreSQL is not installed (on Debian: apt-get install postgresql)")

// bin finds a program of PostgreSQL. Debian keeps them out of PATH, one folder for every version.
func bin(name string) (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err == nil && len(found) > 0 {
		return found[len(found)-1], nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", ErrNone
}

// Start starts a server. Whoever starts it stops it.
func Start() (*Server, error) {
	initdb, err := bin("initdb")
	if err != nil {
		return nil, err
	}
	postgres, err := bin("postgres")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg") // short: the path of a socket has 107 bytes at most
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := s.start(initdb, postgres); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) start(initdb, postgres string) error {
	who, err := s.owner()
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	prepare := exec.Command(initdb, "-D", data, "-U", "vitrine", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	prepare.SysProcAttr, prepare.Dir = who, s.dir
	if out, err := prepare.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.cmd = exec.Command(postgres, "-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories="+s.dir, "-c", "log_min_messages=panic")
	s.cmd.SysProcAttr, s.cmd.Dir, s.cmd.Stderr = who, s.dir, os.Stderr
	if err := s.cmd.Start(); err != nil {
		return err
	}
	return s.await()
}

// owner is the user that PostgreSQL runs as: it refuses to be root.
func (s *Server) owner() (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, err
	}
	uid, errUID := strconv.Atoi(nobody.Uid)
	gid, errGID := strconv.Atoi(nobody.Gid)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, errors.Join(errUID, errGID, os.Chown(s.dir, uid, gid))
}

func (s *Server) address(name string) string {
	return (&url.URL{Scheme: "postgres", User: url.User("vitrine"), Path: "/" + name, RawQuery: url.Values{"host": {s.dir}}.Encode()}).String()
}

// await waits until the server answers.
func (s *Server) await() error {
	db, err := sql.Open("pgx", s.address("postgres"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	for err = db.PingContext(ctx); err != nil && ctx.Err() == nil; err = db.PingContext(ctx) {
		time.Sleep(20 * time.Millisecond)
	}
	return errors.Join(err, db.Close())
}

// Database makes an empty database and returns its address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprint("t", s.made.Add(1))
	db, err := sql.Open("pgx", s.address("postgres"))
	if err == nil {
		_, err = db.Exec(`CREATE DATABASE ` + name)
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.address(name)
}

// Kill ends the server as a power cut would; its folder stays.
func (s *Server) Kill() error { return s.cmd.Process.Kill() }

// Stop ends the server and removes what it left.
func (s *Server) Stop() error {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGQUIT) // it may be gone already
		_ = s.cmd.Wait()                          // ended by us
	}
	return os.RemoveAll(s.dir)
}
