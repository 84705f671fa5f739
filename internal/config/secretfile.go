package config

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"unicode"

	"infrahub-mcp/internal/problem"
)

// SecretFile is a file that a secret setting is read from, in place of its
// variable. It holds nothing of its content.
type SecretFile struct {
	setting *Setting
	path    string
}

// maxSecret is the size in bytes up to which the file of a secret is read.
const maxSecret = 64 << 10

// Setting is the variable that the file stands for, such as INFRAHUB_API_TOKEN.
func (f SecretFile) Setting() string { return f.setting.Name }

// Variable is the one that names the file, such as INFRAHUB_API_TOKEN_FILE.
func (f SecretFile) Variable() string { return f.setting.File }

// Path is where the file is.
func (f SecretFile) Path() string { return f.path }

// Read returns the secret that the file holds now, without the line break at its
// end, checked as the variable would be. The error names the variable and the
// path, and holds nothing of the content.
func (f SecretFile) Read() (Secret, error) {
	content, err := readFile(f.path, maxSecret)
	if err != nil {
		return "", f.refusal("that file cannot be read: " + err.Error() + ".")
	}
	text := string(content)
	if line, ended := strings.CutSuffix(text, "\n"); ended {
		text = strings.TrimSuffix(line, "\r")
	}
	if f.setting.field.Tag.Get("lines") == "true" {
		text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }), ",")
	}
	if f.setting.blank(text) {
		return "", f.refusal("that file is empty.")
	}
	e := entry{Setting: f.setting, field: reflect.New(f.setting.field.Type).Elem(), text: text, from: bySecretFile}
	value, err := e.decode()
	if err == nil {
		value, err = e.check(value)
	}
	if err != nil {
		return "", f.refusal(strings.TrimSpace("what it holds must be " + f.setting.Allowed + ". " + err.Error()))
	}
	return Secret(value.String()), nil
}

// refusal says what is wrong with the file.
func (f SecretFile) refusal(why string) advice {
	return advice(fmt.Sprintf("%s is %q, but %s", f.Variable(), problem.Excerpt(f.path, 200), why))
}

// secretFile returns the file that the environment names in place of a secret
// setting, if it names one.
func (l *loader) secretFile(s *Setting) (file SecretFile, named bool) {
	if _, settled := l.settled[s.Name]; settled || s.File == "" {
		return SecretFile{}, false
	}
	path := strings.TrimSpace(os.Getenv(s.File))
	return SecretFile{s, path}, path != ""
}

// readSecret gives a setting the value that is in a file.
func (l *loader) readSecret(e *entry, file SecretFile) {
	e.malformed = true
	if !e.blank(os.Getenv(e.Name)) {
		l.report("%s and %s are both set: set one of them.", e.Name, e.File)
		return
	}
	secret, err := file.Read()
	if err != nil {
		l.report("%v", err)
		return
	}
	e.field.Set(reflect.ValueOf(secret))
	e.from, e.malformed = bySecretFile, false
	l.secrets = append(l.secrets, file)
}
