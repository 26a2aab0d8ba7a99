// Command panic is a first process that ends, at which the kernel panics.
package main

func main() {}
