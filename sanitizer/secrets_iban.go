package sanitizer

// ibanSizes are the countries of ISO 13616 with the number of characters of their accounts.
var ibanSizes = newIBANSizes("AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 " +
	"EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 " +
	"LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 " +
	"SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30")

// newIBANSizes reads the list above into a table by both letters.
func newIBANSizes(list string) (sizes [26 * 26]uint8) {
	for i := 0; i+4 <= len(list); i += 5 {
		sizes[int(list[i]-'A')*26+int(list[i+1]-'A')] = (list[i+2]-'0')*10 + list[i+3] - '0'
	}
	return sizes
}

// iban returns where the account number that begins at i ends, or 0. It may be written in one piece or in groups.
func (s *secretScan) iban(i int) int {
	text := s.text
	if i > s.done && alphanumeric(text[i-1]) || i+4 > len(text) || !digit(text[i+2]) || !digit(text[i+3]) {
		return 0
	}
	a, b := text[i]|0x20, text[i+1]|0x20
	if !lower(a) || !lower(b) {
		return 0
	}
	size := int(ibanSizes[int(a-'a')*26+int(b-'a')])
	// The first four characters count behind all others (ISO 7064, MOD 97-10).
	rest := 0
	count := 4
	k := i + 4
	for count < size && k < len(text) {
		if n := separator(text, k); n > 0 {
			k += n
		}
		if k >= len(text) || !alphanumeric(text[k]) {
			return 0
		}
		rest = mod97(rest, text[k])
		count++
		k++
	}
	if size == 0 || count < size || k < len(text) && alphanumeric(text[k]) {
		return 0
	}
	for _, c := range text[i : i+4] {
		rest = mod97(rest, c)
	}
	if rest != 1 {
		return 0
	}
	return k
}

// mod97 adds one character to a remainder; a letter counts as two digits, A as 10.
func mod97(rest int, c byte) int {
	if digit(c) {
		return (rest*10 + int(c-'0')) % 97
	}
	return (rest*100 + int(c|0x20-'a') + 10) % 97
}

func alphanumeric(c byte) bool { return digit(c) || lower(c|0x20) }
