//go:build !(amd64 || arm64 || 386 || riscv64 || ppc64le || loong64 || wasm)

package bus

const hostLittle = false
