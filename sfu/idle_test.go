package sfu_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"vitrine/internal/wire"
	"vitrine/sfu"
	"vitrine/test/client"
)

// elsewhere is set in the process that TestIdlePeerTakesFewGoroutines starts to have its clients apart from its server.
const elsewhere = "VITRINE_TEST_CLIENTS_ELSEWHERE"

const idlePeers = 10

// TestClientsElsewhere is the other process: it writes offers and reads answers, one a line in base64.
func TestClientsElsewhere(t *testing.T) {
	if os.Getenv(elsewhere) == "" {
		t.Skip("only for the process that another test starts")
	}
	in := bufio.NewReader(os.Stdin)
	for range idlePeers {
		c, err := client.Connect(timeout(t), client.Config{Agent: true}, func(_ context.Context, offer string) (string, error) {
			fmt.Printf("offer %s\n", base64.StdEncoding.EncodeToString([]byte(offer)))
			line, err := in.ReadString('\n')
			answer, err2 := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
			return string(answer), errors.Join(err, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Hello(); err != nil {
			t.Fatal(err)
		}
		take(t, c, client.Any[*wire.Welcome])
	}
	fmt.Println("idle")
	_, _ = io.Copy(io.Discard, in) // until the other side has counted
}

func TestIdlePeerTakesFewGoroutines(t *testing.T) {
	e := start(t, sfu.Config{})
	session := e.open()
	cmd := exec.CommandContext(timeout(t), os.Args[0], "-test.run=^TestClientsElsewhere$", "-test.count=1")
	cmd.Env = append(os.Environ(), elsewhere+"=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	peers := 0
	for out := bufio.NewScanner(stdout); out.Scan() && out.Text() != "idle"; {
		text, isOffer := strings.CutPrefix(out.Text(), "offer ")
		if !isOffer {
			t.Fatal("the other process failed")
		}
		offer, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		peers++
		c, err := e.sfu.Connect(timeout(t), agentGrant(session, fmt.Sprint(peers)), string(offer))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(stdin, base64.StdEncoding.EncodeToString([]byte(c.Answer)))
	}
	if peers != idlePeers {
		t.Fatalf("%d peers connected", peers)
	}
	per := func() int { return (runtime.NumGoroutine() - before + peers - 1) / peers }
	eventually(t, func() bool { return per() <= 20 }, func() string { return fmt.Sprintf("%d goroutines for an idle peer", per()) })
	t.Logf("%d goroutines for an idle peer", per())
	if err := errors.Join(stdin.Close(), cmd.Wait()); err != nil {
		t.Error(err)
	}
}
