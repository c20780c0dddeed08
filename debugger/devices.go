package debugger

import (
	"fmt"
	"reflect"
	"strings"
)

// devices prints the chips' states, or that of those whose name begins so.
func (s *Session) devices(name string) error {
	found := false
	for _, d := range s.d.m.Devices() {
		if !strings.HasPrefix(d.Name, name) {
			continue
		}
		found = true
		s.printf("%s\n", d.Name)
		s.fields("  ", reflect.ValueOf(d.State))
	}
	if !found {
		return fmt.Errorf("there is no device %q; info devices lists them", name)
	}
	return nil
}

// fields prints a struct, a field a line; arrays of bytes as such.
func (s *Session) fields(indent string, v reflect.Value) {
	for i := range v.NumField() {
		name, f := v.Type().Field(i).Name, v.Field(i)
		switch {
		case f.Kind() == reflect.Struct:
			s.printf("%s%s\n", indent, name)
			s.fields(indent+"  ", f)
		case f.Kind() == reflect.Array && f.Type().Elem().Kind() == reflect.Struct:
			for n := range f.Len() {
				s.printf("%s%s %d\n", indent, name, n)
				s.fields(indent+"  ", f.Index(n))
			}
		case f.Kind() == reflect.Array && f.Type().Elem().Kind() == reflect.Uint8 && f.Len() > 64:
			s.printf("%s%s %x ...\n", indent, name, bytesOf(f)[:64])
		case f.Kind() == reflect.Array && f.Type().Elem().Kind() == reflect.Uint8:
			s.printf("%s%s %x\n", indent, name, bytesOf(f))
		case f.CanUint():
			s.printf("%s%s %#x\n", indent, name, f.Uint())
		default:
			s.printf("%s%s %v\n", indent, name, f.Interface())
		}
	}
}

// bytesOf is an array of bytes, which no variable holds, as a slice.
func bytesOf(v reflect.Value) []byte {
	b := make([]byte, v.Len())
	for i := range b {
		b[i] = byte(v.Index(i).Uint())
	}
	return b
}
