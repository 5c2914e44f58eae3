package sanitizer

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"vitrine/internal/wire"
)

const detectAll = DetectCards | DetectIBANs | DetectEmails

func TestThreat34_SecretsCards(t *testing.T) {
	for _, number := range []string{
		"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4111\u00a01111\u00a01111\u00a01111", "4111\u20111111\u20111111\u20111111",
		"4222 222 222 222", "4917610000000000003", "4917 6100 0000 0000 003",
		"5555555555554444", "5105 1051 0510 5100", "2223003122003222",
		"378282246310005", "3782 822463 10005", "341111111111111",
		"30569309025904", "3056 930902 5904", "38520000023237", "36700102000000",
		"3530111333300000", "6011111111111117", "6445644564456445", "6500000000000002",
		"6240008631401148", "621094 0000000000002", "8171999927660000", "6073849700004947", "5085 0000 0000 0007",
		"2200000000000053", "9792000000000003", "6759649826438453", "5018 0000 0009", "6304000000000000",
	} {
		for _, around := range []string{"%", "x %, y", "Card:%", "No%.", "(%)", "1234 %", "%x", "7, %", "a.b %\n"} {
			text := strings.ReplaceAll(around, "%", number)
			want := strings.ReplaceAll(around, "%", bulletsOf(number))
			if got := string(maskSecrets(nil, []byte(text), DetectCards)); got != want {
				t.Errorf("%q in %q: got %q, want %q", number, around, got, want)
			}
			if got := string(maskSecrets(nil, []byte(text), DetectIBANs|DetectEmails)); got != text {
				t.Errorf("%q in %q is hidden although cards are not looked for: %q", number, around, got)
			}
		}
	}
}

// bulletsOf hides a number as the sanitizer does.
func bulletsOf(number string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && alphanumeric(byte(r)) {
			return '\u2022'
		}
		return r
	}, number)
}

func TestThreat34_SecretsIBANs(t *testing.T) {
	for _, number := range []string{
		"DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "de89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32",
		"GB82WEST12345698765432", "FR14 2004 1010 0505 0001 3M02 606", "NL91ABNA0417164300", "NO93 8601 1117 947", "CH93 0076 2011 6238 5295 7",
		"AT61 1904 3002 3457 3201", "ES91 2100 0418 4502 0005 1332", "IT60 X054 2811 1010 0000 0123 456", "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
		"SE45\u00a05000\u00a00000\u00a00583\u00a09825\u00a07466", "PL61-1090-1014-0000-0712-1981-2874", "BE68 5390 0754 7034",
	} {
		for _, around := range []string{"%", "IBAN %, BIC", "IBAN:%", "(%)", "% ", "\u00e9%"} {
			text := strings.ReplaceAll(around, "%", number)
			want := strings.ReplaceAll(around, "%", bulletsOf(number))
			if got := string(maskSecrets(nil, []byte(text), DetectIBANs)); got != want {
				t.Errorf("%q in %q: got %q, want %q", number, around, got, want)
			}
		}
		for _, around := range []string{"x%", "%x", "%1", "1%"} {
			text := strings.ReplaceAll(around, "%", number)
			if got := string(maskSecrets(nil, []byte(text), DetectIBANs)); got != text {
				t.Errorf("%q is no account and became %q", text, got)
			}
		}
		if got := string(maskSecrets(nil, []byte(number), DetectEmails)); got != number {
			t.Errorf("%q is hidden although accounts are not looked for: %q", number, got)
		}
		if last := number[len(number)-1]; digit(last) {
			wrong := number[:len(number)-1] + string('0'+(last-'0'+1)%10)
			if got := string(maskSecrets(nil, []byte(wrong), DetectIBANs)); got != wrong {
				t.Errorf("%q with a wrong check digit became %q", wrong, got)
			}
		}
	}
	for i, size := range ibanSizes {
		if size != 0 && (size < 15 || size > 34) {
			t.Errorf("country %d has accounts of %d characters", i, size)
		}
	}
}

func TestThreat34_SecretsEmails(t *testing.T) {
	dots := func(n int) string { return strings.Repeat("\u2022", n) }
	for _, v := range []struct{ text, want string }{
		{"jane@example.com", dots(16)},
		{"Write to jane.doe+x@mail.example.co.uk.", "Write to " + dots(29) + "."},
		{"<jane@example.com>;bob@example.org", "<" + dots(16) + ">;" + dots(15)},
		{"j\u00fcrgen@b\u00fccher.example", dots(21)},
		{"jane%40example.com", dots(18)},
		{"mailto:jane@example.com", "mailto:" + dots(16)},
		{"jane@example.com2", dots(16) + "2"},
		{"jane@10.example.io", dots(18)},
		{strings.Repeat("a", 70) + "@example.com", strings.Repeat("a", 6) + dots(76)},
		{"@jane", "@jane"}, {"jane@", "jane@"}, {"jane@localhost", "jane@localhost"}, {"a @ b.com", "a @ b.com"}, {"jane@example.c", "jane@example.c"},
		{"\u2022@example.com", "\u2022@example.com"}, {"*@example.com", "*@example.com"}, {"3 @ 5.00", "3 @ 5.00"}, {"x@1.2", "x@1.2"},
		{"jane@.com", "jane@.com"}, {"jane@..com", "jane@..com"}, {"jane@exa{ple.com", "jane@exa{ple.com"}, {"jane@exa~ple.com", "jane@exa~ple.com"},
		{"jane@" + strings.Repeat("b", 300) + ".com", "jane@" + strings.Repeat("b", 300) + ".com"}, {"100%405", "100%405"},
	} {
		if got := string(maskSecrets(nil, []byte(v.text), DetectEmails)); got != v.want {
			t.Errorf("%q: got %q, want %q", v.text, got, v.want)
		}
		if got := string(maskSecrets(nil, []byte(v.text), DetectCards|DetectIBANs)); got != v.text {
			t.Errorf("%q is hidden although addresses are not looked for: %q", v.text, got)
		}
	}
}

// ordinary is what stands on ordinary pages and is no secret.
var ordinary = []string{
	"+49 30 901820", "+49 (0)30 9018 2011", "0049 30 1234567", "+1-202-555-0143", "(202) 555-0143", "020 7946 0958", "+4411111111111111",
	"+86 10 6552 9988", "+33 1 42 68 53 00", "0800 330 1000",
	"Order 100234-5567-88", "#302-9934821-1928347", "2024-000123456789", "INV-2026-11-000417", "RE 4711", "4006381333931", "978-3-16-148410-0", "9783161484100",
	"1Z999AA10123456784", "00340434161094015902", "RR123456785DE", "4111111111111112", "4111 1111 1111 1112", "1234567812345670", "0000000000000000",
	"41111111111111111111", "411111111111111", "4111-111111-11111", "67596 4982643845300", "675964 9826438453", "6759 6498 2643 84533", "41 11 11 11 11 11 11 11", "4111 11111111 1111",
	"2026-11-21", "21.11.2026", "2026-11-21T04:36:16Z", "11/21/2026 04:36:16", "1763699776000", "1763699776000123456", "20261121043616", "12:30-14:45",
	"1,234,567.89", "EUR 1.234.567,89", "$4,111,111,111,111,111.00", "0.4111111111111111", "3.141592653589793", "1,4111111111111111", "4e15", "5555,55",
	"192.168.0.1", "fe80::1ff:fe23:4567:890a", "550e8400-e29b-41d4-a716-446655440000", "51.5007, -0.1246", "12 345 678", "BIC COBADEFFXXX", "USt-ID DE123456789",
	"DE 123 456 789", "IBAN DE00 0000 0000 0000 0000 00", "ZZ68 5390 0754 7034", "v1.2.3-rc.4", "1920x1080", "16 GB, 512 GB", "A4 80g/m2 500", "H2O", "DE89", "@vitrine", "3 @ 4.50",
}

func TestThreat34_SecretsOrdinaryText(t *testing.T) {
	for _, text := range ordinary {
		if got := string(maskSecrets(nil, []byte(text), detectAll)); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	all := strings.Join(ordinary, "\n")
	if got := string(maskSecrets(nil, []byte(all), detectAll)); got != all {
		t.Error("the list as one text was changed")
	}
}

// TestThreat34_SecretsByRole holds which strings are looked at, that nothing is hidden without the option, and that what is
// hidden fits where the string was.
func TestThreat34_SecretsByRole(t *testing.T) {
	const text = "pay 4111 1111 1111 1111 now"
	for role := wire.RoleText; role <= wire.RoleTitle; role++ {
		in := text
		if role == wire.RoleURL {
			in = "https://shop.example/4111111111111111"
		}
		plain, ok := values{}.append(nil, role, []byte(in), wire.MaxLiteral)
		if ok && speaks(role) && !bytes.Contains(plain, []byte("1111")) {
			t.Errorf("role %d is changed without the option", role)
		}
		out, ok := values{detect: DetectCards}.append([]byte("before"), role, []byte(in), wire.MaxLiteral)
		if !ok || !speaks(role) {
			if bytes.ContainsRune(out, '\u2022') {
				t.Errorf("role %d holds bullets", role)
			}
			continue
		}
		if bytes.Contains(out, []byte("1111")) || !bytes.HasPrefix(out, []byte("before")) {
			t.Errorf("role %d: %q", role, out)
		}
		if utf8.RuneCount(out)-6 != utf8.RuneCount(plain) {
			t.Errorf("role %d: %d characters became %d", role, utf8.RuneCount(plain), utf8.RuneCount(out)-6)
		}
	}
	for role, want := range map[wire.Role]bool{wire.RoleText: true, wire.RoleAttr: true, wire.RoleInput: true, wire.RoleTitle: true, wire.RoleURL: true,
		wire.RoleID: false, wire.RoleTokens: false, wire.RoleNumber: false, wire.RolePath: false, wire.RoleDecls: false, wire.RoleName: false} {
		if speaks(role) != want {
			t.Errorf("role %d: looked at is %v", role, !want)
		}
	}
	short, ok := values{detect: DetectCards}.append(nil, wire.RoleText, []byte(text), len(text))
	if want := "pay **** **** **** **** now"; !ok || string(short) != want {
		t.Errorf("without room for bullets: %q, want %q", short, want)
	}
}

// TestThreat34_SecretsDoNotAllocate holds that text without secrets, and text with them in room enough, costs no memory.
func TestThreat34_SecretsDoNotAllocate(t *testing.T) {
	text := []byte(strings.Join(ordinary, " ") + " 4111 1111 1111 1111 jane@example.com DE89370400440532013000")
	dst := make([]byte, 0, 4*len(text))
	if n := testing.AllocsPerRun(20, func() { dst = maskSecrets(dst[:0], text, detectAll) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if bytes.Contains(dst, []byte("jane")) || bytes.Contains(dst, []byte("DE8937")) {
		t.Error("a secret is left")
	}
}

func FuzzSecrets(f *testing.F) {
	for _, text := range ordinary {
		f.Add([]byte(text))
	}
	for _, text := range []string{"4111 1111 1111 1111.4111111111111111", "DE89 3704 0044 0532 0130 00jane@example.com4111111111111111",
		"jane@b.co4111111111111111", "4111111111111111@x.de", "+4111111111111111jane%40x.de", "4111111111111111DE89370400440532013000", "a@b\xff.c\u2022om"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, with := range []string{bullet, asterisk} {
			out := replaceSecrets(nil, text, detectAll, with)
			if utf8.RuneCount(out) != utf8.RuneCount(text) {
				t.Fatal("another number of characters")
			}
			if again := replaceSecrets(nil, out, detectAll, with); !bytes.Equal(again, out) {
				t.Fatalf("not the same when it is read again: %q %q", out, again)
			}
		}
		for _, role := range []wire.Role{wire.RoleText, wire.RoleTitle, wire.RoleURL, wire.RoleAttr} {
			v := values{showQuery: true, detect: detectAll}
			out, ok := v.append(nil, role, text, wire.MaxLiteral)
			if !ok {
				continue
			}
			if again, ok := v.append(nil, role, out, wire.MaxLiteral); !ok || !bytes.Equal(again, out) {
				t.Fatalf("role %d: not the same when it is judged again: %q %q", role, out, again)
			}
		}
	})
}
