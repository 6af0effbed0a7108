;; The smallest connector: one action, `greet`, and no import.
(component
    (core module $code
        (memory (export "memory") 1)
        (data (i32.const 16) "Hello, ")
        ;; Names are put right behind the greeting.
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 23))
        (func (export "greet") (param $name i32) (param $length i32) (result i32)
            (i32.store8 (i32.const 0) (i32.const 0))
            (i32.store (i32.const 4) (i32.const 16))
            (i32.store (i32.const 8) (i32.add (local.get $length) (i32.const 7)))
            (i32.const 0)))
    (core instance $code (instantiate $code))
    (alias core export $code "memory" (core memory $memory))
    (alias core export $code "realloc" (core func $realloc))
    (func $greet (param "name" string) (result (result string))
        (canon lift (core func $code "greet") (memory $memory) (realloc (func $realloc))))
    (instance $actions (export "greet" (func $greet)))
    (export "example:greeter/actions" (instance $actions)))
