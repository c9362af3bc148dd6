"""One module and one frozen dataclass a page: everything that its template shows, ready to print.

common       head, provenance and rates, which every page has     sentences   numbers in words
overview     index.html          funnel      funnels/<funnel>.html, with its parts in sections
health       health.html         definitions definitions.html
"""
