package toon

import (
	"strconv"
	"strings"
)

// appendNumber appends a JSON number in canonical form with all its digits
// (§2): integers written in full as they are, other numbers without exponent
// from 1e-6 up to 1e21, with one elsewhere.
func appendNumber(dst []byte, number string) []byte {
	if !strings.ContainsAny(number, ".eE") {
		if number == "-0" {
			number = "0"
		}
		return append(dst, number...)
	}

	// The magnitude is 0.DIGITS × 10^point, DIGITS without zeros at its ends.
	mantissa, exponent := number, ""
	if i := strings.IndexAny(number, "eE"); i >= 0 {
		mantissa, exponent = number[:i], number[i+1:]
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	var buffer [64]byte
	digits := append(append(buffer[:0], whole...), fraction...)
	point := len(whole)
	for len(digits) > 0 && digits[0] == '0' {
		digits = digits[1:]
		point--
	}
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	if len(digits) == 0 {
		return append(dst, '0')
	}
	if exponent != "" {
		// Beyond 32 bits the exponent is left as it is: no reader of numbers
		// tells such a number from zero or infinity.
		n, err := strconv.ParseInt(exponent, 10, 32)
		if err != nil {
			return append(dst, number...)
		}
		point += int(n)
	}

	if negative {
		dst = append(dst, '-')
	}
	switch {
	case point < -5 || point > 21:
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(append(dst, '.'), digits[1:]...)
		}
		dst = append(dst, 'e')
		if point > 0 {
			dst = append(dst, '+')
		}
		return strconv.AppendInt(dst, int64(point)-1, 10)
	case point <= 0:
		dst = appendZeros(append(dst, "0."...), -point)
		return append(dst, digits...)
	case point >= len(digits):
		dst = append(dst, digits...)
		return appendZeros(dst, point-len(digits))
	default:
		dst = append(append(dst, digits[:point]...), '.')
		return append(dst, digits[point:]...)
	}
}

func appendZeros(dst []byte, count int) []byte {
	for range count {
		dst = append(dst, '0')
	}
	return dst
}
