select 1 as misspelt
