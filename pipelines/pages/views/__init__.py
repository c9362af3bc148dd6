"""What the template of each page shows, ready to print: one function a page, one `Page` what it returns.

common       head and foot, which every page has                  sentences   numbers in words
overview     index.html          funnel      funnels/<funnel>.html, with its parts in sections
health       health.html         definitions definitions.html
reference    dictionary.html, archive.html                        digest      digest.html, digest.txt
lists        stuck.html, connections.html, providers/<funnel>.html
pages        all of them
"""
